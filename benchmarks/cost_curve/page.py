"""The figures as a Markdown page, and the plot."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.cost_curve.figures import LEVERS, Curve
from benchmarks.cost_curve.plot import draw

__all__ = ["PAGE", "PLOT", "write_page", "write_plot"]

_REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGE = _REFERENCE / "cost-curve.md"
PLOT = _REFERENCE / "cost-curve.svg"
_SHOWN = "BANKING77, order"

_HEAD = """# Cost curve: cost per call as traffic grows

Measured on {date} by `python -m benchmarks.cost_curve` with fixed seeds. All figures
are in [{file}](../../benchmarks/cost_curve/results/{file}).
Streams of real labelled requests are processed in simulated time by the code of the
product: plans of the operator, the training Job and its ledger, decisions, sampling,
audits, counters, and the savings estimate are those of a cluster. The benchmark adds a
clock, arrivals, and two pods per revision.

The router pays for all answers of the teacher, including audits; all pods of all
revisions while they exist; the full operator and store; and ten minutes of two cores
and 4 GiB for each attempt at a certificate. The other levers pay only for the teacher.
[prices.py](../../benchmarks/cost_curve/prices.py) contains the prices with their
sources, [levers.py](../../benchmarks/cost_curve/levers.py) the assumptions about the
other levers, always in their favor, and
[streams.py](../../benchmarks/cost_curve/streams.py) the source of the token counts: the
counts or costs of the data set if it has them, otherwise a prompt that lists the
labels, with four characters per token.

No text is repeated more often than in its data set, so a stream ends with its set.
Unless stated otherwise: 20,000 requests per day at a constant rate; first attempt at
1,000 labelled traces, for the questions of the demo at 3,000 with a margin of 3% as in
its manifest; a rollout with 25% and 100%; a traffic period of one hour; 10% of the
sessions audited at full weight; defaults for everything else.
"""

_LIMITS = """
## What this does not show

- Traffic with peaks. Each stream has one task and a constant rate; traffic with a daily
  peak requires the same pods.
- Agreement of the cheaper model where its answers are not known, and of the shorter
  prompt. Their lines are prices, not alternatives with the same quality.
- Lower prices. The shares stay the same if all prices fall equally. With a cheaper
  teacher, the pods have a larger share: at 500 requests per day they would cost about
  as much as the teacher of these streams.
"""


def write_page(found: Mapping[str, Any]) -> str:
    """Return the page in Markdown."""
    curves = [Curve(stream) for stream in found["streams"]]
    head = _HEAD.format(date=found["date"], file=f"{found['date']}.json")
    lines = [head, *_doublings(curves), *_all(curves), *_meter(curves)]
    return "\n".join(lines) + "\n" + _LIMITS


def write_plot(found: Mapping[str, Any]) -> str:
    """Return the plot of the first stream of BANKING77."""
    curve = next(
        each for each in map(Curve, found["streams"]) if each.name.startswith(_SHOWN)
    )
    lines = {
        lever: [
            (mark["calls"], float(curve.blended(at, lever)))
            for at, mark in enumerate(curve.marks)
        ]
        for lever in LEVERS
    }
    return draw(lines, curve.certified_at)


def _doublings(curves: list[Curve]) -> Iterator[str]:
    shown = [each for each in curves if each.name.startswith(_SHOWN)]
    yield "## BANKING77: cost at each doubling\n"
    yield "Dollars per thousand calls, blended over all calls so far, and in"
    yield "parentheses for the calls since the previous column.\n"
    yield "![Blended cost by volume](cost-curve.svg)\n"
    for curve in shown[:1]:
        marks = [f"{mark['calls']:,}" for mark in curve.marks]
        yield f"| after calls | {' | '.join(marks)} |"
        yield "|---" * (len(marks) + 1) + "|"
        for lever in LEVERS[:-1]:
            cells = (f"{curve.blended(i, lever):.3f}" for i in range(len(marks)))
            yield f"| {lever} | {' | '.join(cells)} |"
    for curve in shown:
        cells = (
            f"{curve.blended(i):.3f} ({curve.between(i):.3f})"
            for i in range(len(curve.marks))
        )
        yield f"| **router**, {curve.name.rpartition(', ')[2]} | {' | '.join(cells)} |"
    yield ""
    yield from (_sentence(each) for each in shown)


def _sentence(curve: Curve) -> str:
    if curve.falls is None:
        return f"- {curve.name}: nothing was certified."
    change = "falls" if curve.falls else "**does not fall**"
    return (
        f"- {curve.name}: first certificate after {curve.certified_at:,} calls;\n"
        f"  after that the blended net cost {change} at every doubling."
    )


def _all(curves: list[Curve]) -> Iterator[str]:
    yield "\n## All streams, complete\n"
    yield "Dollars per thousand calls. *Saved*: net, compared with the teacher alone,"
    yield "over the whole stream, including the time before the first certificate;"
    yield "*at the end*: since the last doubling. *Cheaper agrees*: agreement of the"
    yield "cheaper model with the teacher.\n"
    yield (
        "| stream | target | calls | certified at | teacher | shorter | cheaper |"
        " cheaper agrees | cache | router | saved | at the end | answered by the"
        " surrogate | agreement | audits | pods | falls |"
    )
    yield "|---" * 17 + "|"
    for curve in curves:
        yield f"| {' | '.join(_cells(curve))} |"
    noted = [each for each in curves if each.found["note"]]
    yield ""
    for curve in noted:
        yield f"- {curve.name}: {curve.found['note']}."


def _cells(curve: Curve) -> Iterator[str]:
    found, last, end = curve.found, curve.last, len(curve.marks) - 1
    yield curve.name
    yield found["target"]
    yield f"{found['calls']:,}"
    yield f"{curve.certified_at:,}" if curve.certified_at is not None else "never"
    for lever in LEVERS[:3]:
        yield f"{curve.blended(end, lever):.3f}"
    compared = found["cheaper_compared"]
    yield f"{found['cheaper_alike'] / compared:.1%}" if compared else "not known"
    for lever in LEVERS[3:]:
        yield f"{curve.blended(end, lever):.3f}"
    yield f"{curve.saved:.1%}"
    yield f"{1 - curve.between(end) / curve.between(end, 'teacher'):.1%}"
    yield f"{last['surrogate'] / found['calls']:.1%}"
    yield f"{last['agreed'] / last['surrogate']:.1%}" if last["surrogate"] else "-"
    for part in ("paid_audits", "paid_pods"):
        yield f"{curve.share(part):.1%}"
    yield {True: "yes", False: "no", None: "-"}[curve.falls]


def _meter(curves: list[Curve]) -> Iterator[str]:
    yield "\n## Reported and true savings\n"
    yield "The cost that the router reports as avoided, computed from tokens, prices,"
    yield "and audits, and the cost that the teacher would have charged.\n"
    yield "| stream | reported | 95% interval | true |"
    yield "|---|---|---|---|"
    for curve in curves:
        meter = curve.found["meter"]
        if meter is None or not curve.last["surrogate"]:
            continue
        truth = float(curve.found["truly_avoided"])
        reported, pods = float(meter["avoided"]), float(meter["pods"])
        low, high = (
            f"${float(meter[each]) + pods:.3f}" if meter.get(each) else "-"
            for each in ("low", "high")
        )
        yield f"| {curve.name} | ${reported:.3f} | {low} to {high} | ${truth:.3f} |"
