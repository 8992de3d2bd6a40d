"""The documents that the operator, training, and the data plane exchange.

Each document is a pydantic model in this package. The components exchange nothing else.
The package imports only `tracer_core.constants` and `tracer_core.errors`.
"""
