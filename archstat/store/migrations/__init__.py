"""How a store of an older archstat becomes one of today: one file of ``versions/`` is one step."""
