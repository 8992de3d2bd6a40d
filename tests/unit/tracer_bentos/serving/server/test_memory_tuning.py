"""Freed memory is returned to the system."""

import subprocess
import sys

MIB = 1024 * 1024
_PROGRAM = """
from pathlib import Path
from tracer_bentos.serving.server.memory_tuning import limit_arenas

def resident():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096

freed = bytes(30 << 20)  # raises the mmap threshold of glibc to 30 MiB
del freed
{bound}
before = resident()
blocks = [b"x" * (1 << 20) for _ in range(64)]
last = blocks[-1]
del blocks
print(resident() - before)
"""


def _kept_bytes(bound: str) -> int:
    program = _PROGRAM.format(bound=bound)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(ended.stdout)


def test_freed_memory_below_a_live_block_is_returned_to_the_system() -> None:
    assert _kept_bytes("limit_arenas()") < 4 * MIB


def test_without_limits_freed_memory_is_kept_bytes() -> None:
    assert _kept_bytes("") > 50 * MIB
