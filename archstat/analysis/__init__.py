"""One network: what it costs at inference, in a training step, and by the counts of other tools."""
