"""Readers: foreign files become the contract's tables, every cell still as text."""
