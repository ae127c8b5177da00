"""Thousands of results in one place: what networks cost, what was measured of them, and what could not be counted."""
