"""The statistics: exact tests, level ledger, e-processes and the rollout's verdict.

Pure: no input, no output, no clock, no randomness. `exact` and `fixed_sequence` need
scipy and are for the trainer; `ledger`, `sequential` and `verdict` need nothing but the
standard library, because the operator's image has nothing else.
"""
