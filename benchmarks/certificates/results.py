"""Counts, storage, and tables of a run of the worlds."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tracer_core.stats.binomial import clopper_pearson_interval

__all__ = [
    "Outcome",
    "Tally",
    "read_outcomes",
    "table_of",
    "tolerated",
    "write_outcomes",
]

_STANDARD_ERRORS = 2


@dataclass(slots=True)
class Tally:
    """Counts over the runs of one world under one rule."""

    runs: int = 0
    """Number of runs."""
    certified: int = 0
    """Runs with at least one certificate."""
    false: int = 0
    """Runs with a false certificate."""

    def add(self, *, certified: bool, false: bool) -> None:
        """Count one run."""
        self.runs += 1
        self.certified += certified
        self.false += false


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one rule in one world."""

    world: str
    """The world."""
    rows: int
    """Independent certify rows of an attempt."""
    rule: str
    """The rule."""
    ours: bool
    """Whether it is the procedure of the product, which must stay within the bound."""
    claimed: bool = True
    """Whether the statement of the certificate covers such traffic."""
    tally: Tally = field(default_factory=Tally)
    """The counts of the rule."""

    @property
    def rate(self) -> float:
        """The share of runs with a false certificate."""
        return self.tally.false / self.tally.runs

    def keeps(self, delta: float) -> bool:
        """Return whether the rate is within delta and two standard errors."""
        return self.rate <= tolerated(delta, self.tally.runs)

    def breaks(self, delta: float) -> bool:
        """Return whether a claim of the product is violated."""
        return self.ours and self.claimed and not self.keeps(delta)


def tolerated(delta: float, runs: int, errors: float = _STANDARD_ERRORS) -> float:
    """Return the largest rate within `errors` standard errors of delta."""
    return delta + errors * math.sqrt(delta * (1 - delta) / runs)


def write_outcomes(
    path: Path, outcomes: Iterable[Outcome], about: Mapping[str, object]
) -> None:
    """Write a dated result, one outcome per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ",\n    ".join(json.dumps(asdict(each)) for each in outcomes)
    head = json.dumps(about, indent=2).rstrip("}").rstrip()
    path.write_text(f'{head},\n  "outcomes": [\n    {lines}\n  ]\n}}\n')


def read_outcomes(path: Path) -> tuple[list[Outcome], dict[str, object]]:
    """Read the outcomes of a result and the metadata of its run."""
    about = json.loads(path.read_text())
    found = about.pop("outcomes")
    return [
        Outcome(**{**each, "tally": Tally(**each["tally"])}) for each in found
    ], about


def table_of(outcomes: Sequence[Outcome], delta: float) -> str:
    """Return the table with one row for each world and rule."""
    sizes = sorted({each.rows for each in outcomes})
    lines = [
        "| world | rule | " + " | ".join(f"n = {size}" for size in sizes) + " | |",
        "|---|---|" + "---|" * (len(sizes) + 1),
    ]
    for world, rule in dict.fromkeys((each.world, each.rule) for each in outcomes):
        same = {e.rows: e for e in outcomes if (e.world, e.rule) == (world, rule)}
        cells = [_cell(same[size]) if size in same else "" for size in sizes]
        lines.append(
            f"| {world} | {rule} | "
            + " | ".join(cells)
            + f" | {_mark(same.values(), delta)} |"
        )
    return "\n".join(lines)


def _cell(outcome: Outcome) -> str:
    low, high = clopper_pearson_interval(outcome.tally.false, outcome.tally.runs, 0.05)
    return f"{_short(outcome.rate)} [{_short(low)}, {_short(high)}]"


def _short(rate: float) -> str:
    return f"{rate:.4f}".lstrip("0") if rate < 1 else "1"


def _mark(outcomes: Iterable[Outcome], delta: float) -> str:
    found = list(outcomes)
    if not found[0].ours:
        return ""
    if all(each.keeps(delta) for each in found):
        return "holds"
    return "**broken**" if found[0].claimed else "not claimed"
