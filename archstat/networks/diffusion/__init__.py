"""Networks of diffusers: from a name to a class and its config, and from both to what goes in."""
