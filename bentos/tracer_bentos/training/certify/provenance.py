"""What made a certificate: the version of the distribution and of the algorithm.

The algorithm version is part of an attempt's identity: with another version the same
rows are tested by another policy, so a repeated `fit` is a new attempt and spends error
budget. Raise it by hand, and only when results change: a comment, a renamed variable,
or a moved file must not change it.
`tests/unit/tracer_bentos/training/test_algorithm_version.py` fails if results differ
from the golden file of the version. Its message states how to write a new golden file.
"""

from typing import Final

from tracer_core import __version__
from tracer_core.contracts.certificate import CodeIdentity

__all__ = ["ALGORITHM_VERSION", "code_identity"]

ALGORITHM_VERSION: Final = 1
"""Version of all code that trains, certifies, and decides. Raise it by one in the same
commit that changes the result for a fixed set of rows, level, and seed."""


def code_identity() -> CodeIdentity:
    """Return the identity of the running code."""
    return CodeIdentity(version=__version__, algorithm=ALGORITHM_VERSION)
