"""The energy of whole passes and of single layers, from meters that step every few milliseconds."""
