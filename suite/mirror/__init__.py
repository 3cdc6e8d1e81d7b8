"""Weights & Biases as a mirror of a store, which can be made anew from the store alone."""
