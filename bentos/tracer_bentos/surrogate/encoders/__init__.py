"""Encoders: turn a text into a vector (static, ONNX, endpoint, precomputed)."""
