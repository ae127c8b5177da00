"""Records ⇄ files: what is read is validated, what is written is whole or not there."""
