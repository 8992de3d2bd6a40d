"""What the operator, the trainer and the data plane exchange.

Every document is a pydantic model here, and nothing else crosses between them.
Imports nothing of ours but `constants` and `errors`.
"""
