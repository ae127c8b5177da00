"""What is no test of the engine."""

collect_ignore = ["example_package"]  # importing it would enter its op and its rule into this process
