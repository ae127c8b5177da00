"""Thousands of networks: each counted or measured in a process that may hang, grow or die without harm to the rest."""
