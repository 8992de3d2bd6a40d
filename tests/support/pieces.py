"""Work items that take time, fail, or kill the process that computes them."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["die", "fail", "kill_yourself_once", "process_of", "total"]


def process_of(_number: int, pause: float = 0.05) -> int:
    time.sleep(pause)
    return os.getpid()


def total(numbers: NDArray[np.float64], factor: int) -> float:
    return float(numbers.sum() * factor)


def kill_yourself_once(mark: Path) -> str:
    if mark.exists():
        return "done by another"
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return "unreachable"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise ValueError("this piece cannot be computed")
