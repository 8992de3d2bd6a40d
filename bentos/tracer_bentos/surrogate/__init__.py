"""Inference: what a bundle computes for one text, not how it was trained."""
