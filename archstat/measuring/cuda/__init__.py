"""Times on a GPU: of a whole pass, and by layer from traced kernels, from events, or each layer alone."""
