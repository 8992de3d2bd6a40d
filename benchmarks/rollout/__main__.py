"""`python -m benchmarks.rollout [ROLLOUTS]`: figures, table, and plot."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.rollout.measure import (
    AUDITS,
    compare,
    decide,
    drift,
    err,
    err_closely,
)
from benchmarks.rollout.page import write_page
from benchmarks.rollout.plot import draw

__all__ = ["main"]

ROOT = Path(__file__).parents[2]
SHOWN = (
    "Argo Rollouts, windows of 10",
    "Flagger, windows of 10",
    "Kayenta, 20 a minute",
    "Argo Rollouts, windows of 50",
)


def measure(runs: int) -> dict[str, Any]:
    """Return all figures."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "runs": runs,
        "audits": AUDITS,
        "errors": list(err(runs)),
        "errors_closely": err_closely(runs),
        "decisions": list(decide(runs)),
        "comparison": list(compare(runs)),
        "drift": drift(runs),
    }


def plot(found: dict[str, Any]) -> str:
    """Return the plot of the promoted shares."""
    rows = found["comparison"]
    lines = {"TracerRouter": [(row["agreement"], row["ours"][0]) for row in rows]}
    for name in SHOWN:
        lines[name] = [(row["agreement"], row["peers"][name]) for row in rows]
    return draw(lines, {"target - margin": 0.94, "target": 0.95}, low=0.90)


def main(runs: int) -> None:
    """Measure, print the page, and write all three files after a full run."""
    found = measure(runs)
    print(write_page(found))
    if runs < 10_000:  # noqa: PLR2004 - the number that the page states
        return
    results = Path(__file__).parent / "results"
    results.mkdir(exist_ok=True)
    text = json.dumps(found, indent=1) + "\n"
    (results / f"{found['date']}.json").write_text(text)
    (ROOT / "docs/reference/rollout-rule.md").write_text(write_page(found))
    (ROOT / "docs/reference/rollout-rule.svg").write_text(plot(found))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
