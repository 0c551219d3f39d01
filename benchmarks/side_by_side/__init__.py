"""The encoder beside other encoders: `python benchmarks/peers.py` runs it.

One process a measurement: the parent (`plan`) says what, a child (`child`) loads one encoder
(`contenders`), builds its input (`texts`), times the call and gives back a digest of the ids.
"""
