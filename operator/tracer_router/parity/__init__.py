"""The statistics: exact tests, level ledger, e-processes, drift and verdicts.

Pure: no input, no output, no clock, no randomness. `exact` and `fixed_sequence` need
scipy and are for the trainer; the rest needs nothing but the standard library, because
the operator's image has nothing else.
"""
