"""Redaction, the first stage of every policy: replace personal and secret text.

Traces contain the redacted text, and the surrogate reads the redacted text, in training
and in serving. For this reason every bundle contains the identity of its redactor.
"""
