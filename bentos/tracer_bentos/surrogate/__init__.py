"""Inference of a surrogate: the decision for one text, independent of training."""
