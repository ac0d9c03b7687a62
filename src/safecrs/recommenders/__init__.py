"""Recommenders: rankers, language models under constrained decoding, and the pipeline that serves them."""
