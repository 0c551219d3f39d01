"""What is measured of each mirror: the same call on both sides, on the same texts."""

from mirrored.case import Case, Texts

__all__ = ["Case", "Texts"]
