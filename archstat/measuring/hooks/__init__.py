"""Hooks on the modules of a network that runs: which are called, with what, and when."""
