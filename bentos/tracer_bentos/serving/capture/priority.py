"""Lets requests have the processor before traces do."""

import os
import sys
import threading
from typing import Final

__all__ = ["step_back"]

_LEAST: Final = 19


def step_back() -> None:
    """Give this thread the lowest priority, for good.

    A pod often has one core: then packing a segment for the store takes from requests
    what it takes. Elsewhere than on Linux a priority is the whole process's.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LEAST)
