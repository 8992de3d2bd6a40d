"""What made a certificate: the version of the distribution and of the algorithm.

The algorithm version is part of an attempt's identity: with another version the same
rows are tested by another policy, so a repeated `fit` is a new attempt and spends error
budget. A person raises it, and only when results change: a comment, a renamed variable
or a moved file must not. `tests/unit/tracer_bentos/training/test_algorithm_version.py`
fails when golden results change and the version does not.
"""

from typing import Final

from tracer_core import __version__
from tracer_core.contracts.certificate import CodeIdentity

__all__ = ["ALGORITHM_VERSION", "code_identity"]

ALGORITHM_VERSION: Final = 1
"""Version of everything that learns, certifies and decides. Raise it by one in the same
commit that changes what a fixed set of rows, level and seed leads to."""


def code_identity() -> CodeIdentity:
    """Return the identity of the code that is running."""
    return CodeIdentity(version=__version__, algorithm=ALGORITHM_VERSION)
