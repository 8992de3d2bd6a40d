"""Does the savings meter hold the truth, on replays whose every price is known?

Real texts, a teacher whose tokens are counted exactly, and the pod's own forecast and
sums: what would have been paid had the teacher answered everything is known to the
cent. The tolerance of the bias follows from the number of replays.
"""

import math
import random
from dataclasses import dataclass
from decimal import Decimal

import pytest

from examples.recorded_teacher.recordings import Recording, read_recordings
from tracer_bentos.protocols.tokens import TokenUsage
from tracer_bentos.serving.telemetry.avoided_cost import AvoidedCost, CostForecast
from tracer_bentos.serving.telemetry.pricing import ParsedPrice
from tracer_router.api import RevisionTotals, TaskCounts
from tracer_router.savings.meter import MeasuredSavings, measure_savings

pytestmark = pytest.mark.statistical

REPLAYS = 100
PRICE = ParsedPrice("gpt", Decimal("30e-6"), Decimal("15e-6"), Decimal("60e-6"))
PROMPT = 900
"""Size of what every request repeats."""


@dataclass(frozen=True)
class Truth:
    """What a replay really saved, and what the meter says."""

    saved: Decimal
    measured: MeasuredSavings


def usage_of(question: Recording, chance: random.Random) -> TokenUsage:
    """Count tokens as a tokenizer would: by the text, never a fixed rate."""
    words = len(question.text.split())
    prompt = 210 + words + len(question.text) // 9 + chance.randrange(3)
    # Now and then the teacher reasons aloud: rare, and many times as dear.
    aloud = chance.random() < 0.01
    completion = len(question.label) // 3 + 2 + (chance.randrange(50, 400) * aloud)
    cached = 192 if chance.random() < 0.3 else 0
    return TokenUsage(prompt, completion, cached)


def replay(
    questions: list[Recording], seed: int, *, rate: float, requests: int
) -> Truth:
    """Send requests in sessions, of which the surrogate answers two thirds."""
    chance = random.Random(seed)  # noqa: S311 - a replay, not a secret
    forecast, avoided = CostForecast(), AvoidedCost()
    saved = paid = Decimal(0)
    session, left, heads = 0, 0, False
    for number in range(requests):
        if not left:
            session, left = session + 1, chance.choice([1, 1, 2, 3, 5])
            heads = chance.random() < rate
        left -= 1
        question = chance.choice(questions)
        size = PROMPT + len(question.text)
        cost = PRICE.cost(usage_of(question, chance))
        if number > 50 and len(question.label) % 3:  # answered by the surrogate
            expected = forecast.cost(size, question.label)
            assert expected is not None
            if not heads:
                saved += cost.total
                avoided.record_unaudited(expected)
                continue
            avoided.expect_audit(str(number), expected)
            avoided.record_audit(str(number), session, rate, cost.total)
        paid += cost.total
        known = forecast.cost(size, question.label)
        if known is not None:
            avoided.record_forecast_error(known, cost.total)
        forecast.update(size, question.label, cost.prompt, cost.completion)
    return Truth(saved, measure_savings([counts_of(avoided, paid)]))


def counts_of(avoided: AvoidedCost, paid: Decimal) -> RevisionTotals:
    task = TaskCounts(
        task="t",
        cost_saved=str(avoided.forecast),
        cost_correction=str(avoided.correction),
        cost_spread=str(avoided.spread),
        cost_samples=avoided.samples,
        cost_audits=str(avoided.audits),
        cost_teacher=str(paid),
    )
    return RevisionTotals(tasks=(task,))


@pytest.fixture(scope="module")
def questions() -> list[Recording]:
    return list(read_recordings().values())


@pytest.mark.parametrize(("rate", "requests"), [(0.02, 6_000), (0.1, 2_000)])
def test_the_truth_lies_within_the_interval_and_the_estimate_is_not_biased(
    questions: list[Recording], rate: float, requests: int
) -> None:
    found = [
        replay(questions, seed, rate=rate, requests=requests) for seed in range(REPLAYS)
    ]
    held = 0
    for each in found:
        low, high = each.measured.low, each.measured.high
        assert low is not None
        assert high is not None
        held += low <= each.saved <= high
    errors = [float(each.measured.saved / each.saved) - 1 for each in found]
    bias = sum(errors) / REPLAYS
    spread = math.sqrt(sum((each - bias) ** 2 for each in errors) / (REPLAYS - 1))
    figures = f"{held} of {REPLAYS} hold, bias {bias:+.3%}, sd {spread:.2%}"
    assert held >= 93, figures
    assert abs(bias) < 0.01, figures
