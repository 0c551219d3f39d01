"""Training beside other trainers: `python benchmarks/trainers.py` runs it.

One process a measurement: the parent (`plan`) says what, a child (`child`) trains with one library
(`contenders`) on a prepared file (`cases`) and gives back what it learned.
"""
