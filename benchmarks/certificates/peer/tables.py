"""The tables of a comparison."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from tracer_core.stats.binomial import clopper_pearson_interval

__all__ = ["fits_table", "flat_table"]

Row = Mapping[str, object]


def fits_table(fits: Sequence[Row]) -> str:
    """Return one row for each target and number of traces, with a column per side.

    A cell contains: coverage, agreement of the answers, the number of splits below the
    target and the number of refusals, and wall and CPU seconds of the fit.
    """
    sides = list(dict.fromkeys(str(fit["side"]) for fit in fits))
    lines = [
        "| target | N | splits | " + " | ".join(sides) + " |",
        "|---|---|---|" + "---|" * len(sides),
    ]
    for target, rows in dict.fromkeys((fit["target"], fit["rows"]) for fit in fits):
        here = [f for f in fits if (f["target"], f["rows"]) == (target, rows)]
        splits = len({fit["split"] for fit in here})
        cells = [_cell([f for f in here if f["side"] == side]) for side in sides]
        lines.append(f"| {target} | {rows:,} | {splits} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def flat_table(worlds: Sequence[Row]) -> str:
    """Return the rate of false certificates where no threshold reaches the target."""
    lines = [
        (
            "| truth, target | rows | runs | peer serves | its bound too |"
            " TracerRouter serves |"
        ),
        "|---|---|---|---|---|---|",
    ]
    for world in worlds:
        runs = int(str(world["runs"]))
        counts = (int(str(world[name])) for name in ("peer", "peer_claims", "ours"))
        cells = " | ".join(_rate(count, runs) for count in counts)
        truth, target = world["truth"], world["target"]
        lines.append(f"| {truth} at {target} | {world['rows']} | {runs} | {cells} |")
    return "\n".join(lines)


def _cell(fits: Sequence[Row]) -> str:
    if not fits:
        return ""
    found = [f for f in fits if f["agreement"] is not None]
    below = sum(_number(f["agreement"]) < _number(f["target"]) for f in found)
    agreement = f"{_mean(f['agreement'] for f in found):.3f}" if found else "-"
    refused = len(fits) - len(found)
    return (
        f"{_mean(f['coverage'] for f in fits):.3f}, {agreement}, {below} below,"
        f" {refused} refused, {_mean(f['seconds'] for f in fits):.1f} s,"
        f" {_mean(f['cpu_seconds'] for f in fits):.1f} s"
    )


def _rate(count: int, runs: int) -> str:
    low, high = clopper_pearson_interval(count, runs, 0.05)
    return f"{count / runs:.3f} [{low:.3f}, {high:.3f}]"


def _mean(values: Iterable[object]) -> float:
    return mean(_number(value) for value in values)


def _number(value: object) -> float:
    return float(str(value))
