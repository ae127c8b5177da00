"""One file = one family of architectures; one decorated function = one architecture."""
