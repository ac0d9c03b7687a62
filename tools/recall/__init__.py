"""Recall on real dialogues: the corpora, features of requests, and learning a ranker's weights."""
