"""What is freed goes back to the system."""

import subprocess
import sys

MIB = 1024 * 1024
_PROGRAM = """
from pathlib import Path
from tracer_bentos.serving.server.memory_tuning import limit_arenas

def resident():
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * 4096

freed = bytes(30 << 20)  # after which glibc would map nothing smaller by itself
del freed
{bound}
before = resident()
blocks = [b"x" * (1 << 20) for _ in range(64)]
last = blocks[-1]
del blocks
print(resident() - before)
"""


def _kept(bound: str) -> int:
    program = _PROGRAM.format(bound=bound)
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return int(ended.stdout)


def test_what_is_freed_below_something_alive_goes_back_to_the_system() -> None:
    assert _kept("limit_arenas()") < 4 * MIB


def test_without_bounds_it_would_be_kept() -> None:
    assert _kept("") > 50 * MIB
