"""Training: objectives (one file each), the models they start from, and runs on disk."""
