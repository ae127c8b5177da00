"""What was printed of architectures: figures, accuracies, the challenge; each with its source."""
