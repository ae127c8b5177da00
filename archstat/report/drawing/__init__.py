"""What several charts are drawn with: axes, legends, labels, bars, bubbles, colours."""
