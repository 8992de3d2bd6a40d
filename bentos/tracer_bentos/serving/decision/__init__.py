"""The decision whether the surrogate answers a request, and its prediction."""
