"""Memory of a pod at rest and after many requests, including open connections."""

from itertools import count
from typing import Any

from benchmarks.dataplane.bench import Scene, data_plane
from benchmarks.dataplane.load import load

STEP_SECONDS = 20.0
CONNECTIONS = 32


def at_rest(here: Scene) -> dict[str, float]:
    """Return the resident memory of all targets before any load, in MiB."""
    with data_plane(here.direct, None, here.folder) as empty:
        found = {"TracerRouter, revision 0": empty.memory_mib()}
    found["TracerRouter, with a surrogate"] = here.ours.memory_mib()
    rivals = {name: each.memory_mib() for name, each in here.rivals.items()}
    return found | rivals


def growth(here: Scene, requests: int) -> list[dict[str, Any]]:
    """Send requests, 4 of 5 for the surrogate, and record the memory."""
    mixed = next(each for each in here.targets() if each.name.startswith("mixed"))
    done, found = 0, [_noted(here, 0)]
    for _ in count():
        done += load(here.ours.url, mixed.asked, CONNECTIONS, STEP_SECONDS).requests
        found.append(_noted(here, done))
        print(found[-1])
        if done >= requests:
            return found
    return found


def _noted(here: Scene, done: int) -> dict[str, Any]:
    return {
        "requests": done,
        "memory_mib": round(here.ours.memory_mib(), 1),
        "descriptors": here.ours.descriptors(),
    }
