"""How the cost of a network grows with its input: exact counts at many sizes, and the polynomials behind them.

Needs no torch: it is given what counts a network.
"""

from archstat.scaling.laws import SPARE, Growth, Point, Refused, growths_of
from archstat.scaling.sweep import VARIABLES, Over, Overtaking, Scalable, Scaling, scaling_of, scaling_to_json

__all__ = [
    "SPARE",
    "VARIABLES",
    "Growth",
    "Over",
    "Overtaking",
    "Point",
    "Refused",
    "Scalable",
    "Scaling",
    "growths_of",
    "scaling_of",
    "scaling_to_json",
]
