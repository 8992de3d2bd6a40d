"""False certificates in seeded worlds: the procedure of the product and naive ones.

    python -m benchmarks.certificates.worlds [--runs 10000] [--rows 200 600 1600]
        [--only WORD] [--json FILE]

Every run uses the code of the product: `split_rows` selects the certify rows if rows
are in sessions, repeated, or under an incumbent, `attempt_level` computes the level,
and `run_chain` runs the test. Only the traffic is simulated with arrays. Exits with 1
if the false rate of the product exceeds delta plus two standard errors in any world
that the statement of a certificate covers.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.certificates.attempts import live_candidates, live_under_incumbent
from benchmarks.certificates.catalogue import DELTA, worlds_of_one_attempt
from benchmarks.certificates.results import (
    Outcome,
    read_outcomes,
    table_of,
    write_outcomes,
)
from benchmarks.certificates.single import live

__all__ = ["explore", "main"]

SEED = 20261125


def explore(
    sizes: list[int], runs: int, only: str = ""
) -> Iterator[tuple[list[Outcome], float]]:
    """Yield the outcomes of each world and size, and the seconds of the run."""
    places = {world.name: partial(live, world) for world in worlds_of_one_attempt()}
    places["5 attempts, good ones first, at .95"] = partial(
        live_candidates, delta=DELTA
    )
    places["5 attempts under an incumbent, .948 at .95"] = partial(
        live_under_incumbent, delta=DELTA
    )
    for number, (name, place) in enumerate(places.items()):
        for rows in sizes if only in name else ():
            began = time.perf_counter()
            # Seeded by world and size: a partial run gives the same result.
            seed = np.random.SeedSequence([SEED, number, rows])
            yield place(rows, runs, seed), time.perf_counter() - began


def main(arguments: list[str]) -> int:
    """Run the worlds, print the table, and write the result."""
    asked = _parse(arguments)
    outcomes = _kept(asked)
    for found, seconds in explore(asked.rows, asked.runs, asked.only):
        outcomes += found
        if asked.json:
            write_outcomes(asked.json, outcomes, _about())
        rates = ", ".join(f"{each.rule} {each.rate:.4f}" for each in found)
        print(
            f"{found[0].world}, n = {found[0].rows}: {rates} ({seconds:.0f} s)",
            flush=True,
        )
    print("\n" + table_of(outcomes, DELTA))
    broken = [each for each in outcomes if each.breaks(DELTA)]
    for each in broken:
        print(f"BROKEN: {each.world}, n = {each.rows}, {each.rule}: {each.rate:.4f}")
    return 1 if broken else 0


def _kept(asked: argparse.Namespace) -> list[Outcome]:
    # A partial run replaces only its own outcomes in an existing result.
    if not (asked.only and asked.json and asked.json.exists()):
        return []
    known, _ = read_outcomes(asked.json)
    return [o for o in known if asked.only not in o.world or o.rows not in asked.rows]


def _about() -> dict[str, object]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": "python -m benchmarks.certificates.worlds",
        "delta": DELTA,
        "seed": SEED,
    }


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--rows", type=int, nargs="+", default=[200, 600, 1600])
    parser.add_argument(
        "--only", default="", help="run only worlds that contain this word"
    )
    parser.add_argument("--json", type=Path, help="file of the result")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
