"""Slates: requests, ranked items, and the text formats in which language models answer."""
