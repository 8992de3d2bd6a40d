"""The first stage of every policy: what is personal or secret is taken out.

Traces hold the redacted text and the surrogate sees the redacted text, in training and
in serving alike, so a redactor has an identity that stands in every bundle.
"""
