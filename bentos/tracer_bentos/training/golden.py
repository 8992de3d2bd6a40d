"""Inputs of the golden vectors: made up, never from traces."""

__all__ = ["GOLDEN_TEXTS"]

GOLDEN_TEXTS = (
    "",
    "hello",
    "I want to change my address, please.",
    "Why was I charged twice for one purchase?",
    "How long does a transfer take to arrive?",
    "my card has not arrived yet",
    "¿Dónde está mi pedido? 我的卡在哪里 🙂",
    "UPPER CASE AND   many    spaces\n\tand lines",
    "0123456789 !?#%&/()=",
    "a very long question " * 40,
)
"""Plain, empty, foreign, long: every path of the featuriser is walked."""
