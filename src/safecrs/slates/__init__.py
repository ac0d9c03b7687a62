"""Slates: lists of recommended items, as text and as rows."""
