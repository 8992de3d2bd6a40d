"""Whatever traces cost, requests come first."""

import os
import threading
from pathlib import Path

from support.serving_plane import serving, until
from support.serving_teacher import teaching


def priorities() -> dict[str, int]:
    """Give the priority of each thread of this process by its name."""
    found = ((each.name, each.native_id) for each in threading.enumerate())
    return {
        name.partition("_")[0]: os.getpriority(os.PRIO_PROCESS, number)
        for name, number in found
        if number is not None
    }


async def test_traces_are_packed_and_shipped_behind_requests(tmp_path: Path) -> None:
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "Refund"}]
        )
        await until(lambda: plane.plane.counts.traces_written == 1)
        found = priorities()

    names = ("MainThread", "spool", "shipper")
    assert [found[name] for name in names] == [usual, 19, 19]
