"""Intake: raw tables become accepted rows, or say why not."""
