"""What fitting and measuring detection need: labelled turns, real dialogues, metrics."""
