"""Networks of transformers: from a name to a config, from that to a class, and from both to what goes in."""
