"""The figures as a Markdown page."""

from collections.abc import Iterator
from typing import Any

__all__ = ["write_page"]

_HEAD = """# Error rates of the rollout rule

Measured on {date} by `python -m benchmarks.rollout` with fixed seeds. All figures
with their intervals are in [{file}](../../benchmarks/rollout/results/{file}).
Conditions: target 95%, margin 1%, confidence 95%, three gates (shadow, 5%, 25%),
{runs:,} rollouts per cell, checked after every audit, up to {audits:,} audits. The
simulated verdicts are those of `tracer_core.stats`; the same run compares them with the
functions of the product.

## Wrong verdicts

*Wrong promotion*: a candidate with 94% agreement (target minus margin) reaches full
weight. *Wrong rollback*: a candidate with 95% agreement is rolled back. The limit of
each rate is 5%.
"""


_ON_CLUSTER = """
## Time until a rollback reaches clients

Measured by `python -m benchmarks.rollout.on_cluster --times 6` on the development
cluster, on 2026-11-29, with other load on its two cores (load above 10). Official
clients send 100 requests per second, and the surrogate answers half of them. A user
requests a rollback and then a retry; in the last round the surrogate is live. Time from
the verdict in the status of the revision to the last answer of the surrogate that a
client received: 0.38, 0.54, 0.87, 0.93, 1.89 s, and 1.82 s for the live surrogate. None
of 7,211 requests failed. The policy is pushed to all pods at once; pods and route are
updated later.
"""


def write_page(found: dict[str, Any]) -> str:
    """Return the page in Markdown."""
    head = _HEAD.format(
        date=found["date"],
        file=f"{found['date']}.json",
        runs=found["runs"],
        audits=found["audits"],
    )
    return "\n".join([head, *_errors(found), *_decisions(found), *_peers(found)]) + (
        "\n" + "\n".join(_drift(found)) + "\n" + _ON_CLUSTER
    )


def _errors(found: dict[str, Any]) -> Iterator[str]:
    yield "| audits | wrong promotion | after five retries | wrong rollback |"
    yield "|---|---|---|---|"
    for row in found["errors"]:
        cells = (
            f"{row[name]:.3f} ({row[f'{name}_interval'][0]:.3f}"
            f"-{row[f'{name}_interval'][1]:.3f})"
            for name in ("wrong_promotion", "with_five_retries", "wrong_rollback")
        )
        yield f"| {row['world']} | " + " | ".join(cells) + " |"
    yield ""
    yield "The last two rows show the rates if every pod counted its own audit of a"
    yield "session that is spread over pods. A session then has more than one audit,"
    yield "and no rule on counts is valid. Therefore each session belongs to one of"
    yield "the pods that the policy names, and only that pod counts it."
    closely = found["errors_closely"]
    low, high = closely["wrong_promotion_interval"]
    yield ""
    yield f"The first cell over {closely['runs']:,} other rollouts: wrong promotion"
    yield f"{closely['wrong_promotion']:.4f} ({low:.4f}-{high:.4f})."


def _decisions(found: dict[str, Any]) -> Iterator[str]:
    yield "\n## Audits until the correct decision\n"
    yield "Median (and 90th percentile) of all rollouts. A first rollout is tested in"
    yield "shadow at the target itself, where labels have no extra cost.\n"
    yield "| true agreement | later rollout | first rollout | promoted / rolled back |"
    yield "|---|---|---|---|"
    for row in found["decisions"]:
        later, first = row["later"], row["first"]
        yield (
            f"| {row['agreement']:.1%} | {_audits(later)} | {_audits(first)} |"
            f" {later['promoted']:.3f} / {later['rolled_back']:.3f} |"
        )


def _audits(row: dict[str, Any]) -> str:
    median = row["median_audits"]
    most = row["p90_audits"]
    late = f"over {6_000:,}"
    shown = late if median is None else f"{median:,.0f}"
    return f"{shown} ({late if most is None else f'{most:,.0f}'})"


def _peers(found: dict[str, Any]) -> Iterator[str]:
    rows = found["comparison"]
    yield "\n## Comparison with the rules of other tools, on the same streams\n"
    yield "Share of promoted candidates. The others are rolled back; TracerRouter"
    yield "also holds a candidate if the evidence is not sufficient. The rules of the"
    yield "other tools are written from their sources, not run. Their error rates"
    yield "depend on the window, and so on the traffic.\n"
    yield "![Promoted share by true agreement](rollout-rule.svg)\n"
    yield "| rule | " + " | ".join(f"{row['agreement']:.0%}" for row in rows) + " |"
    yield "|---" * (len(rows) + 1) + "|"
    ours = " | ".join(f"{row['ours'][0]:.2f}" for row in rows)
    back = " | ".join(f"{row['ours'][1]:.2f}" for row in rows)
    yield f"| **TracerRouter** | {ours} |"
    yield f"| its rollbacks | {back} |"
    for name in rows[0]["peers"]:
        yield (
            f"| {name} | "
            + " | ".join(f"{row['peers'][name]:.2f}" for row in rows)
            + " |"
        )


def _drift(found: dict[str, Any]) -> Iterator[str]:
    drift = found["drift"]
    yield "\n## Drift of a live revision\n"
    yield "Median audits from a change (2% disagreement before) to the alarm, with a"
    yield "run length of 10,000 audits:\n"
    yield "| to | one by one | batches of 25 | batches of 100 |"
    yield "|---|---|---|---|"
    delays = drift["median_delay_at_run_length_10000"]
    for after in ("8%", "10%", "15%", "25%"):
        cells = (f"{delays[f'to {after}, batches of {b}']:.0f}" for b in (1, 25, 100))
        yield f"| {after} | " + " | ".join(cells) + " |"
    yield "\nFalse alarms of a whole router (40 cells and the total, 36,000 audits in"
    yield "the time in which one false alarm is allowed):\n"
    yield "| steady disagreement | mean alarms | more than one | routers |"
    yield "|---|---|---|---|"
    for rate, row in drift["false_alarms_of_40_cells_in_the_stated_time"].items():
        mean = f"{row['mean']:.3f} ± {2 * row['standard_error']:.3f}"
        more = f"{row['more_than_one']:.3f}"
        yield f"| {rate} | {mean} | {more} | {row['routers']:,} |"
    yield "\nMean audits to a false alarm at the boundary (5%), threshold 1,000,"
    yield "streams that end at 10,000:\n"
    for name, (mean, error) in drift["run_length_at_threshold_1000"].items():
        yield f"- {name}: {mean:,.0f} ± {2 * error:,.0f}"
