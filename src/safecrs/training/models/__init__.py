"""Models to train: made from scratch, extended with item tokens, or adapted."""
