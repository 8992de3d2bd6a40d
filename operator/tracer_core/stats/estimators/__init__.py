"""Weighted and difference estimators."""
