"""All figures of the page, from seeds."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import beta

from benchmarks.rollout import drifting
from benchmarks.rollout.peers import PEERS
from benchmarks.rollout.rollouts import Ends, roll_out
from benchmarks.rollout.rule import Rule
from benchmarks.rollout.worlds import WORLDS, World, disagreements
from tracer_core.stats.sequential.verdict import ParityAim

__all__ = [
    "AIM",
    "GATES",
    "compare",
    "decide",
    "drift",
    "err",
    "err_closely",
    "interval",
]

AIM = ParityAim(target=0.95, margin=0.01, confidence=0.95)
GATES = 3
AUDITS = 6_000
RETRIES = 5
_UNGUARDED = (
    World(
        "not a rule of TracerRouter: spread over 2 pods, .2, each audits it",
        0.2,
        spread=2,
    ),
    World(
        "not a rule of TracerRouter: spread over 5 pods, .2, each audits it",
        0.2,
        spread=5,
    ),
)

Row = dict[str, Any]


def interval(share: float, runs: int) -> list[float]:
    """Return the exact 95% interval of a share."""
    hits = round(share * runs)
    low = beta.ppf(0.025, hits, runs - hits + 1) if hits else 0.0
    high = beta.ppf(0.975, hits + 1, runs - hits) if hits < runs else 1.0
    return [round(float(low), 4), round(float(high), 4)]


def err(runs: int) -> Iterator[Row]:
    """Return the error rate of each verdict at its boundary, world by world."""
    rule = Rule.of(AIM, GATES, AUDITS)
    size = (runs, AUDITS)
    lowest, target = 1 - AIM.target + AIM.margin, 1 - AIM.target
    for seed, world in enumerate((*WORLDS, *_UNGUARDED), start=100):
        up = roll_out(rule, world, lowest, size, seed)
        again = roll_out(rule, world, lowest, size, seed + 20, RETRIES)
        down = roll_out(rule, world, target, size, seed + 40)
        yield {
            "world": world.name,
            "ours": world in WORLDS,
            "wrong_promotion": up.share_promoted,
            "wrong_promotion_interval": interval(up.share_promoted, runs),
            "with_five_retries": again.share_promoted,
            "with_five_retries_interval": interval(again.share_promoted, runs),
            "wrong_rollback": down.share_rolled_back,
            "wrong_rollback_interval": interval(down.share_rolled_back, runs),
        }


def err_closely(runs: int, times: int = 10) -> Row:
    """Return the rate of wrong promotions with independent audits, over more runs.

    Ten thousand runs cannot distinguish a rate at the bound from a rate just above it.
    """
    rule, lowest = Rule.of(AIM, GATES, AUDITS), 1 - AIM.target + AIM.margin
    shares = [
        roll_out(rule, WORLDS[0], lowest, (runs, AUDITS), seed).share_promoted
        for seed in range(1_000, 1_000 + times)
    ]
    share = float(np.mean(shares))
    return {
        "runs": runs * times,
        "wrong_promotion": share,
        "wrong_promotion_interval": interval(share, runs * times),
    }


def decide(runs: int) -> Iterator[Row]:
    """Return the number of audits of a decision, for later and for first rollouts."""
    later = Rule.of(AIM, GATES, AUDITS)
    first = Rule.of(AIM, GATES, AUDITS, unserved=True)
    for seed, agreement in enumerate(
        (0.995, 0.99, 0.98, 0.97, 0.96, 0.955, 0.93, 0.92, 0.90, 0.85), start=200
    ):
        row: Row = {"agreement": agreement}
        for name, rule in (("later", later), ("first", first)):
            ends = roll_out(rule, WORLDS[0], 1 - agreement, (runs, AUDITS), seed)
            ended = _right(ends, agreement)
            row[name] = {
                "promoted": ends.share_promoted,
                "rolled_back": ends.share_rolled_back,
                "median_audits": _finite(ends.median(ended)),
                "p90_audits": _finite(
                    float(
                        np.quantile(
                            np.where(ended > 0, ended, np.inf), 0.9, method="higher"
                        )
                    )
                ),
            }
        yield row


def compare(runs: int) -> Iterator[Row]:
    """Return the promoted shares of all rules on the same streams."""
    rule, size = Rule.of(AIM, GATES, AUDITS), (runs, AUDITS)
    for seed, agreement in enumerate(
        (0.99, 0.98, 0.97, 0.96, 0.95, 0.94, 0.93, 0.92, 0.90), start=300
    ):
        ends = roll_out(rule, WORLDS[0], 1 - agreement, size, seed)
        chance = np.random.default_rng(seed)
        stream = disagreements(WORLDS[0], chance, 1 - agreement, size)
        yield {
            "agreement": agreement,
            "ours": [ends.share_promoted, ends.share_rolled_back],
            "peers": {each.name: each.promoted(stream) for each in PEERS},
        }


def drift(runs: int) -> Row:
    """Return delays, run lengths, and false alarms of the detector."""
    drifting.check()
    delays = {
        f"to {after:.0%}, batches of {batch}": float(
            np.median(drifting.delays(after, batch, runs, seed=400 + batch))
        )
        for after in (0.08, 0.10, 0.15, 0.25)
        for batch in (1, 25, 100)
    }
    lengths = {
        f"batches of {batch}": drifting.run_lengths(0.05, batch, 1_000, 410, 1e3)
        for batch in (1, 25)
    }
    lengths["batches of 25, disagreements 100 audits late"] = drifting.late_run_lengths(
        0.05, 1_000, 411, 1e3
    )
    alarms = {}
    for rate in (0.042, 0.045, 0.05):
        found = drifting.false_alarms(rate, max(100, runs // 10), seed=420)
        alarms[f"{rate:.1%}"] = {
            "routers": len(found),
            "mean": float(found.mean()),
            "standard_error": float(found.std() / math.sqrt(len(found))),
            "more_than_one": float((found > 1).mean()),
        }
    return {
        "median_delay_at_run_length_10000": delays,
        "run_length_at_threshold_1000": lengths,
        "false_alarms_of_40_cells_in_the_stated_time": alarms,
    }


def _right(ends: Ends, agreement: float) -> Any:
    return ends.promoted if agreement >= AIM.target else ends.rolled_back


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
