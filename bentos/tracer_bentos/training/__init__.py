"""Training: from traces to a certified surrogate, for the training Job and `fit`.

`data` reads traces and selects and splits rows. `fit` contains all choices on TRAIN,
`certify` the test and the certificate. `ledger` stores attempts, `engine` distributes
work. `run` contains the entry points and the pipeline, which has no input or output.
"""
