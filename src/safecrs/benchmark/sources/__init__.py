"""Importers, one a corpus: they return `Imported` dialogues or `Interactions`."""
