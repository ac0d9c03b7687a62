"""Causal language models: loading, prompting and decoding."""
