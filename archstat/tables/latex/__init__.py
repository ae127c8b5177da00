"""A table as LaTeX that fits a page of a paper: what of it is set, how wide, and in which characters."""
