"""Frozen nouns, and nothing that acts on them."""
