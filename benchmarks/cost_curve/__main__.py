"""`TRACER_DATA=FOLDER python -m benchmarks.cost_curve [NAME ...]`: figures and page.

With names, only streams that contain one of them are simulated, and no file is written.
"""

import json
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from itertools import repeat
from pathlib import Path
from typing import Any

from benchmarks.cost_curve.page import PAGE, PLOT, write_page, write_plot
from benchmarks.cost_curve.play import play
from benchmarks.cost_curve.streams import DEMO, STREAMS, Stream, read_traffic

__all__ = ["main"]

WORKERS = 2


def main(names: Sequence[str]) -> None:
    """Simulate the streams, print the page, and write it after a full run."""
    chosen = [each for each in STREAMS if _named(each, names)]
    folder = os.environ.get("TRACER_DATA", "")
    if not folder and any(each.data != DEMO for each in chosen):
        sys.exit("TRACER_DATA must be the folder with the data sets")
    with ProcessPoolExecutor(WORKERS) as pool:
        played = list(pool.map(_played, chosen, repeat(Path(folder))))
    found = {"date": datetime.now(UTC).date().isoformat(), "streams": played}
    print(write_page(found))
    if names:
        return
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    (results / f"{found['date']}.json").write_text(text)
    PAGE.write_text(write_page(found))
    PLOT.write_text(write_plot(found))


def _named(stream: Stream, names: Sequence[str]) -> bool:
    return not names or any(name in stream.name for name in names)


def _played(stream: Stream, folder: Path) -> dict[str, Any]:
    began = time.monotonic()
    found = play(stream, read_traffic(stream, folder))
    seconds = time.monotonic() - began
    print(f"{stream.name}: {found['calls']} calls in {seconds:.0f} s", file=sys.stderr)
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
