"""Results as a dated JSON file, a table, and a plot."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from math import log10
from pathlib import Path
from typing import Any

_HEAD = (
    "| c={} | rps | p50 ms | p99 ms | added p50 | added p99 | first event p50"
    " | CPU us | best rps | best added p50 | best added p99 | best CPU us"
    " | of Starlette's: rps | p50 | p99 | failed |\n"
    "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)
_COLOURS = ("#3b6ea8", "#b8ccdf")


@dataclass
class Found:
    """All results of one benchmark."""

    latency_ms: float
    """Latency of the stub teacher."""
    seconds: float
    """Duration of each measurement."""
    rounds: int
    """Number of measurements of each target; results are their medians."""
    runs: dict[int, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Results by connections and target."""
    at_rest: dict[str, float] = field(default_factory=dict)
    """Resident memory before any load, MiB."""
    growth: list[dict[str, Any]] = field(default_factory=list)
    """Resident memory of the data plane by the number of requests."""

    def table(self, connections: int) -> str:
        """Return the table for one number of connections."""
        runs = self.runs[connections]
        rows = [_row(name, each, runs) for name, each in runs.items()]
        return _HEAD.format(connections) + "\n".join(rows) + "\n"

    def memory_table(self) -> str:
        """Return the memory at rest, and its growth if it was measured."""
        rows = [
            f"| {name}, at rest | {mib:.0f} |" for name, mib in self.at_rest.items()
        ]
        rows += [
            f"| TracerRouter after {each['requests']:,} requests"
            f" | {each['memory_mib']:.0f} |"
            for each in (*self.growth[:2], *self.growth[-1:])
        ]
        return "| memory | MiB |\n|---|---|\n" + "\n".join(rows) + "\n"

    def write(self, folder: Path) -> None:
        """Write JSON, table, and plot, named by the date."""
        folder.mkdir(parents=True, exist_ok=True)
        name = f"dataplane-{datetime.now(UTC):%Y-%m-%d}"
        record = {"time": datetime.now(UTC).isoformat(), **_machine(), **asdict(self)}
        (folder / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
        tables = [self.table(connections) for connections in self.runs]
        text = "\n".join([*tables, self.memory_table()])
        (folder / f"{name}.md").write_text(text)
        (folder / f"{name}.svg").write_text(_plot(self.runs[1]))


def _row(name: str, each: dict[str, Any], runs: dict[str, dict[str, Any]]) -> str:
    direct = runs["direct stream" if "first_p50" in each else "direct"]
    added = [each[cut] - direct[cut] for cut in ("p50", "p99")]
    best = [each[f"best_{cut}"] - direct[f"best_{cut}"] for cut in ("p50", "p99")]
    first = each.get("first_p50", 0.0) - direct.get("first_p50", 0.0)
    first_text = f"{first:+.2f}" if "first_p50" in each else ""
    return (
        f"| {name} | {each['rps']:,.0f} | {each['p50']:.2f} | {each['p99']:.2f}"
        f" | {added[0]:+.2f} | {added[1]:+.2f} | {first_text}"
        f" | {each['cpu_us']:.0f} | {each['best_rps']:,.0f} | {best[0]:+.2f}"
        f" | {best[1]:+.2f} | {each['best_cpu_us']:.0f} | {_of(each, 'rps')}"
        f" | {_of(each, 'p50')} | {_of(each, 'p99')} | {each['failed']:.0f} |"
    )


def _of(each: dict[str, Any], name: str) -> str:
    return f"{each[f'of_{name}']:.2f}" if f"of_{name}" in each else ""


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
    }


def _plot(runs: dict[str, dict[str, Any]]) -> str:
    """Return a plot of p50 and p99 at one connection as bars on a logarithmic scale."""
    height, left, width = 34, 330, 420
    rows = []
    for number, (name, each) in enumerate(runs.items()):
        top = 30 + number * height
        rows.append(
            f'<text x="{left - 8}" y="{top + 17}" text-anchor="end">{name}</text>'
        )
        for part, cut in enumerate(("p50", "p99")):
            length = _length(each[cut], width)
            y = top + part * 13
            rows.append(
                f'<rect x="{left}" y="{y}" width="{length:.0f}" height="11"'
                f' fill="{_COLOURS[part]}"/>'
                f'<text x="{left + length + 5:.0f}" y="{y + 10}">'
                f"{cut} {each[cut]:.2f} ms</text>"
            )
    total = 40 + len(runs) * height
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + width + 110}"'
        f' height="{total}" font-family="sans-serif" font-size="12">\n'
        '<text x="8" y="16">One connection: time of a whole answer, log scale</text>\n'
        + "\n".join(rows)
        + "\n</svg>\n"
    )


def _length(milliseconds: float, width: int) -> float:
    return max((log10(max(milliseconds, 0.01)) + 2) / 5.5 * width, 1.0)
