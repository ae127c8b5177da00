"""A network as a diagram: what feeds what, as boxes that open, with the cost of each."""
