"""Meters of energy: one file = one meter, which registers itself with ``@meter``."""
