"""The figures as a page for people, and the plot."""

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

_HEAD = """# What a call costs as the traffic grows

Measured on {date} by `python -m benchmarks.cost_curve`, seeded; everything is in
[{file}](../../benchmarks/cost_curve/results/{file}). Streams of real labelled
requests are played in simulated time through the system's own code: plans of the
operator, training Job and its ledger, decisions, coins, audits, counts and the meter
are the ones that run in a cluster; the benchmark adds a clock, arrivals and two pods a
revision.

Charged to the router: every answer of the teacher, those to audits included; all pods
for as long as they are there, of every revision; the operator and the store in full;
ten minutes of two cores and 4 GiB for each attempt at a certificate. Nothing but the
teacher's bill is charged to the other levers. Prices with their sources are in
[prices.py](../../benchmarks/cost_curve/prices.py), what the other levers are assumed to
do, always in their favour, in [levers.py](../../benchmarks/cost_curve/levers.py), and
where the token counts come from in
[streams.py](../../benchmarks/cost_curve/streams.py): the set's own counts or bills
where it has them, else a prompt that lists the labels, four characters a token.

No text comes more often than its set has it, so a stream ends with its set. Unless said
otherwise: 20,000 requests a day, evenly; first attempt at 1,000 labelled traces, for
the demo's questions at 3,000 with a margin of 3 % as in its manifest; a rollout by 25 %
and 100 %; one traffic period of an hour; 10 % of the sessions audited at full weight;
everything else as by default.
"""

_LIMITS = """
## What this does not show

- One even stream of one task. A day that is busier by noon costs the same pods.
- Where the cheaper model's answers are not known, nobody has promised that they agree:
  its line is a price, not an offer. The same holds for the shorter prompt.
- Prices fall. The shares hold as long as they fall alike; the cheaper the teacher, the
  more weight the pods have: at 500 requests a day they would cost about as much as
  the teacher of these streams.
"""


def write_page(found: Mapping[str, Any]) -> str:
    """Give the page in Markdown."""
    curves = [Curve(each) for each in found["streams"]]
    head = _HEAD.format(date=found["date"], file=f"{found['date']}.json")
    lines = [head, *_doublings(curves), *_all(curves), *_meter(curves)]
    return "\n".join(lines) + "\n" + _LIMITS


def write_plot(found: Mapping[str, Any]) -> str:
    """Give the plot of the first stream of BANKING77."""
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
    yield "## BANKING77: with every doubling\n"
    yield "Dollars for a thousand calls, blended over all calls so far, and in brackets"
    yield "of the calls since the mark before.\n"
    yield "![Blended cost against volume](cost-curve.svg)\n"
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
    said = "falls" if curve.falls else "**does not fall**"
    return (
        f"- {curve.name}: first certificate after {curve.certified_at:,} calls; from "
        f"there on the blended cost {said} with every doubling, net of everything."
    )


def _all(curves: list[Curve]) -> Iterator[str]:
    yield "\n## Every stream, to its end\n"
    yield "Dollars for a thousand calls. *Saved*: net, against the teacher alone, over"
    yield "the whole stream, the time before the first certificate included; *at the"
    yield "end* it is since the last doubling. *Cheaper agrees*: how often the cheaper"
    yield "model says what the teacher says.\n"
    yield (
        "| stream | target | calls | certified at | teacher | shorter | cheaper |"
        " cheaper agrees | cache | router | saved | at the end | answered by the"
        " surrogate | it agreed | audits | pods | falls |"
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
    yield "\n## The meter against the truth\n"
    yield "What the router says it has avoided, from tokens, prices and audits alone,"
    yield "and what the teacher would really have taken.\n"
    yield "| stream | says | 95 % interval | truth |"
    yield "|---|---|---|---|"
    for curve in curves:
        meter = curve.found["meter"]
        if meter is None or not curve.last["surrogate"]:
            continue
        truth = float(curve.found["truly_avoided"])
        said, pods = float(meter["avoided"]), float(meter["pods"])
        low, high = (
            f"${float(meter[each]) + pods:.3f}" if meter.get(each) else "-"
            for each in ("low", "high")
        )
        yield f"| {curve.name} | ${said:.3f} | {low} to {high} | ${truth:.3f} |"
