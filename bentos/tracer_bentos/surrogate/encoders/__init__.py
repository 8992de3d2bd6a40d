"""Encoders: static token vectors, ONNX models, endpoints, precomputed vectors."""
