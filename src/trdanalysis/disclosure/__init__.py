"""Disclosure control: what may leave the site."""
