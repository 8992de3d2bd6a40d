"""Interfaces and numerics that experts and encoders share."""
