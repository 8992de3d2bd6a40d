"""Estimators from the uniform sample: weighted rates and difference estimators."""
