"""The layouts that stores come in: one module each, all read into the classes of ``shards.py``."""
