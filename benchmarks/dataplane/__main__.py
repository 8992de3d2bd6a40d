"""What the data plane adds to a request, beside what others add, in one run.

    python -m benchmarks.dataplane [--short] [--growth REQUESTS] [--out FOLDER]

Every target is measured in turn in each round, and rounds are many and short, so that
whatever else the machine does falls on all of them alike; medians, the best of the
rounds, and what each is of a bare Starlette pass-through in the same round. With --out,
dated JSON, a table and a plot are written.
"""

import argparse
from pathlib import Path

from benchmarks.dataplane import memory, report
from benchmarks.dataplane.bench import run, scene


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true", help="a minute, no LiteLLM")
    parser.add_argument("--latency", type=float, default=0.0, help="of the teacher, ms")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each run")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 32, 256])
    parser.add_argument("--growth", type=int, default=0, help="requests of the soak")
    parser.add_argument("--out", type=Path, help="folder for JSON, table and plot")
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
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
