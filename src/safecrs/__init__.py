"""Personalized safety for conversational recommenders."""
