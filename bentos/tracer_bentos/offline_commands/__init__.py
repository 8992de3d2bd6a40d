"""The offline commands of the command line, without their arguments and output.

The modules `predict` and `scan` are one command each; `inputs` reads the input lines of
`predict`, and `scanned_cells` summarizes the cells of `scan`.
"""
