"""Training runs on disk: manifest, checkpoints, log and model."""
