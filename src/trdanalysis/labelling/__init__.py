"""Labelling: accepted rows become a verdict per trial and a label with its reason per patient."""
