"""The number of audits is limited."""

from pathlib import Path

from support.serving_plane import ANYBODY, PROMPT, Plane, certified, serving, until
from support.serving_teacher import teaching
from tracer_bentos.serving.decision.audit_rate_limit import AuditRateLimit


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_bucket_holds_ten_minutes_and_refills_with_time() -> None:
    clock = Clock()
    limit = AuditRateLimit(12, clock)
    for _ in range(2):
        assert limit.available
        limit.consume()
    assert not limit.available
    clock.now = 300.0
    assert limit.available
    limit.consume()
    clock.now = 1e6
    audits = 0
    while limit.available:
        limit.consume()
        audits += 1
    assert audits == 2


def test_without_a_limit_an_audit_is_always_available() -> None:
    limit = AuditRateLimit(None)
    for _ in range(1000):
        limit.consume()
    assert limit.available


async def ask(plane: Plane, text: str) -> None:
    await plane.client().chat.completions.create(
        model="gpt-test",
        messages=[
            {"role": "system", "content": PROMPT},
            {"role": "user", "content": text},
        ],
    )


async def test_above_the_limit_no_request_joins_the_uniform_sample(
    tmp_path: Path,
) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, access=ANYBODY, audits_per_hour=12) as plane,
    ):
        await ask(plane, "Refund")
        task = (await plane.evidence()).tasks[0].task
        await plane.push(certified(task, audit=1.0))
        for number in range(6):
            await ask(plane, f"Refund {number}")
        await until(lambda: plane.data_plane.counters.traces_written == 7)
        evidence = await plane.evidence()
    traces = sorted(plane.traces(), key=lambda trace: str(trace["time"]))
    assert [trace["uniform"] for trace in traces] == [True] * 3 + [False] * 4
    assert [trace["propensity"] for trace in traces[3:]] == [0.0] * 4
    assert evidence.tasks[0].audits_admitted == 2
    assert len(teacher.seen) == 3
