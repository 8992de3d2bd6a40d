"""What the offline verbs of the command line do, apart from arguments and printing.

`inputs` takes what `predict` is asked in; the other modules are one verb each.
"""
