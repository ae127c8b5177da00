"""A name → a network with its inputs: finding it, building it, and what a file may name."""
