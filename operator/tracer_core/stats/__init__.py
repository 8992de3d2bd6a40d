"""Statistics: exact tests, error budget, e-processes, drift detection, and verdicts.

All functions are pure: no input or output, no clock, and no randomness. `binomial` and
the modules that use it (`fixed_sequence`, `badges`, `ceiling`, and `coverage`) require
scipy and are for the trainer. All other modules use only the standard library, because
the operator image contains neither scipy nor numpy.
"""
