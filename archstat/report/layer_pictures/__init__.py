"""One layer as a picture for a slide: what it sees of the input, and what it multiplies with what."""
