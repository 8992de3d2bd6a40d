"""From traces to a certified surrogate: the training Job and the `fit` verb.

`reader` and `rows` take traces in, `pipeline` learns and certifies without any input or
output, `attempts` and `job` keep the write-once documents of the store.
"""
