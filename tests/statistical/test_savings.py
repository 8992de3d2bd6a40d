"""Coverage and bias of the savings meter on replays with known prices.

The texts are real, the tokens of the teacher are counted exactly, and the forecast and
the sums are those of the pod. So the exact cost without the surrogate is known. The
tolerance of the bias is computed from the number of replays.
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
"""Size of the prompt that all requests share."""


@dataclass(frozen=True)
class ReplayResult:
    """The exact saving of a replay, and the measurement of the meter."""

    saved: Decimal
    measured: MeasuredSavings


def usage_of(question: Recording, chance: random.Random) -> TokenUsage:
    """Return token counts that depend on the text, as those of a tokenizer do."""
    words = len(question.text.split())
    prompt = 210 + words + len(question.text) // 9 + chance.randrange(3)
    # The teacher rarely returns reasoning, which is many times as expensive.
    reasoning = chance.random() < 0.01
    completion = len(question.label) // 3 + 2 + (chance.randrange(50, 400) * reasoning)
    cached = 192 if chance.random() < 0.3 else 0
    return TokenUsage(prompt, completion, cached)


def replay(
    questions: list[Recording], seed: int, *, rate: float, requests: int
) -> ReplayResult:
    """Replay requests in sessions; the surrogate answers two thirds of them."""
    chance = random.Random(seed)  # noqa: S311 - a replay, not a secret
    forecast, avoided = CostForecast(), AvoidedCost()
    saved = paid = Decimal(0)
    session, left, audited = 0, 0, False
    for number in range(requests):
        if not left:
            session, left = session + 1, chance.choice([1, 1, 2, 3, 5])
            audited = chance.random() < rate
        left -= 1
        question = chance.choice(questions)
        size = PROMPT + len(question.text)
        cost = PRICE.cost(usage_of(question, chance))
        if number > 50 and len(question.label) % 3:  # answered by the surrogate
            expected = forecast.cost(size, question.label)
            assert expected is not None
            if not audited:
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
    return ReplayResult(saved, measure_savings([counts_of(avoided, paid)]))


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
def test_the_interval_covers_the_exact_saving_and_the_estimate_is_unbiased(
    questions: list[Recording], rate: float, requests: int
) -> None:
    results = [
        replay(questions, seed, rate=rate, requests=requests) for seed in range(REPLAYS)
    ]
    covered = 0
    for result in results:
        low, high = result.measured.low, result.measured.high
        assert low is not None
        assert high is not None
        covered += low <= result.saved <= high
    errors = [float(result.measured.saved / result.saved) - 1 for result in results]
    bias = sum(errors) / REPLAYS
    spread = math.sqrt(sum((error - bias) ** 2 for error in errors) / (REPLAYS - 1))
    figures = f"{covered} of {REPLAYS} covered, bias {bias:+.3%}, sd {spread:.2%}"
    assert covered >= 93, figures
    assert abs(bias) < 0.01, figures
