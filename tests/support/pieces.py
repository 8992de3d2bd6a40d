"""Work items that take time, fail, or kill the process that computes them."""

import os
import signal
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["fail", "kill_process", "kill_process_once", "return_pid", "total"]


def return_pid(_number: int, pause: float = 0.05) -> int:
    time.sleep(pause)
    return os.getpid()


def total(numbers: NDArray[np.float64], factor: int) -> float:
    return float(numbers.sum() * factor)


def kill_process_once(mark: Path) -> str:
    if mark.exists():
        return "completed by another process"
    mark.touch()
    os.kill(os.getpid(), signal.SIGKILL)
    return "unreachable"


def kill_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise ValueError("this piece cannot be computed")
