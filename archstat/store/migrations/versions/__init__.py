"""The steps, each after another."""
