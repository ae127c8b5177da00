"""Layer times and memory on a CPU."""
