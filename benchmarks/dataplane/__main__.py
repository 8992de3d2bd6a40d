"""Added latency of the data plane and of other proxies, measured in one run.

    python -m benchmarks.dataplane [--short] [--growth REQUESTS] [--out FOLDER]

Each round measures all targets in turn. Rounds are short and numerous, so that other
load of the machine affects all targets equally. The result contains medians, the best
round, and the ratio to a bare Starlette pass-through in the same round. With --out,
dated JSON, a table, and a plot are written.
"""

import argparse
from pathlib import Path

from benchmarks.dataplane import memory, report
from benchmarks.dataplane.bench import run, scene


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="one minute, without LiteLLM"
    )
    parser.add_argument(
        "--latency", type=float, default=0.0, help="latency of the teacher in ms"
    )
    parser.add_argument(
        "--seconds", type=float, default=1.0, help="duration of each run"
    )
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument(
        "--growth", type=int, default=0, help="number of requests of the soak"
    )
    parser.add_argument("--out", type=Path, help="folder for JSON, table, and plot")
    return parser.parse_args()


def main() -> None:
    """Measure and print the tables."""
    given = _arguments()
    seconds, rounds = (2.0, 1) if given.short else (given.seconds, given.rounds)
    found = report.Found(latency_ms=given.latency, seconds=seconds, rounds=rounds)
    with scene(latency_ms=given.latency, with_litellm=not given.short) as here:
        found.at_rest = memory.at_rest(here)
        for connections in given.connections[: 2 if given.short else None]:
            found.runs[connections] = run(here.targets(), connections, seconds, rounds)
            print(found.table(connections))
        if given.growth:
            found.growth = memory.growth(here, given.growth)
    print(found.memory_table())
    if given.out:
        found.write(given.out)


if __name__ == "__main__":
    main()
