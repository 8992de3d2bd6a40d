"""Time and peak memory of `tracer-router fit` over the number of traces.

    TRACER_DATA=FOLDER python -m benchmarks.certificates.scale [ROWS ...] [--json FILE]

Every size runs in a separate process, started as on the command line. The kernel
reports its peak memory.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks.certificates.scale.fits import Fit, table_of
from benchmarks.certificates.scale.variation import write_traces

SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
SEED = 20261125
TARGET = "90%"


def measure(rows: int) -> Fit:
    """Write traces and fit them in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        traces, bundle = Path(folder, "traces.jsonl.zst"), Path(folder, "bundle")
        write_traces(traces, rows, SEED)
        began = perf_counter()
        process = _start(traces, bundle, Path(folder, "state"))
        _, status, used = os.wait4(process, 0)
        seconds = perf_counter() - began
        if status:
            sys.exit(
                f"fit of {rows} rows exited with {os.waitstatus_to_exitcode(status)}"
            )
        held = json.loads((bundle / "certificate.json").read_bytes())
    return Fit(
        rows=rows,
        seconds=round(seconds, 1),
        processor_seconds=round(used.ru_utime + used.ru_stime, 1),
        peak_mib=round(used.ru_maxrss / 1024),
        train_rows=held["trainRows"],
        certify_rows=held["certifyRows"],
        coverage=round(held["coverage"], 3),
    )


def main(arguments: Sequence[str]) -> None:
    """Measure, print the table, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="*", default=SIZES)
    parser.add_argument("--json", type=Path, help="file of the result")
    asked = parser.parse_args(arguments)
    fits = [measure(rows) for rows in asked.rows]
    print(table_of(fits))
    if asked.json:
        about = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[2], 1),
            "target": TARGET,
            "fits": [asdict(each) for each in fits],
        }
        asked.json.write_text(json.dumps(about, indent=1) + "\n")


def _start(traces: Path, bundle: Path, state: Path) -> int:
    program = str(Path(sys.executable).with_name("tracer-router"))
    call = [program, "fit", str(traces), "--target", TARGET, "--out", str(bundle)]
    return os.posix_spawn(program, call, {**os.environ, "TRACER_STATE": str(state)})


if __name__ == "__main__":
    main(sys.argv[1:])
