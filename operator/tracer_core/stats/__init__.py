"""The statistics: exact tests, level ledger, e-processes, drift and verdicts.

Pure: no input, no output, no clock, no randomness. `exact` and what rests on it
(`fixed_sequence`, `badges`, `ceiling`) need scipy and are for the trainer; everything
else needs nothing but the standard library, because the operator's image has no more.
"""
