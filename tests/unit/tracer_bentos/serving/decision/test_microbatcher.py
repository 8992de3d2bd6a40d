"""Decisions of simultaneous requests are made in one batch."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from support.serving_plane import FirstWord, Guess
from tracer_bentos.serving.decision.executors import MAX_BATCH, MicroBatcher
from tracer_bentos.serving.records import PredictionView


class RecordingSurrogate(FirstWord):
    """A surrogate that records its batches."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    @override
    def decide(self, text: str) -> Guess:
        self.batches.append([text])
        return super().decide(text)

    @override
    def decide_all(self, texts: Sequence[str]) -> list[Guess]:
        self.batches.append(list(texts))
        return [FirstWord.decide(self, text) for text in texts]


async def decide(batcher: MicroBatcher, surrogate: FirstWord, *texts: str) -> list[str]:
    """Decide texts simultaneously; return the labels or errors."""
    decisions = (batcher.decide(surrogate, text) for text in texts)
    results: list[PredictionView | BaseException] = await asyncio.gather(
        *decisions, return_exceptions=True
    )
    return [
        str(result) if isinstance(result, BaseException) else result.label
        for result in results
    ]


async def test_a_single_request_is_decided_immediately() -> None:
    deciding = MicroBatcher().decide(FirstWord(), "late parcel")
    with pytest.raises(StopIteration) as done:
        deciding.send(None)  # runs until the first wait
    assert done.value.value.label == "late"


async def test_simultaneous_requests_are_decided_in_one_batch() -> None:
    batcher, surrogate = MicroBatcher(), RecordingSurrogate()
    assert await decide(batcher, surrogate, "a 1", "b 2", "c 3") == ["a", "b", "c"]
    assert await decide(batcher, surrogate, "d 4", "e 5") == ["d", "e"]
    # The first decision could not be combined with later ones.
    assert surrogate.batches == [["a 1"], ["b 2", "c 3"], ["d 4", "e 5"]]


async def test_a_single_request_after_a_batch_is_decided_immediately() -> None:
    batcher, surrogate = MicroBatcher(), FirstWord()
    await decide(batcher, surrogate, "a", "b", "c")
    await decide(batcher, surrogate, "d")
    with pytest.raises(StopIteration) as done:
        batcher.decide(surrogate, "e").send(None)
    assert done.value.value.label == "e"


async def test_an_error_fails_only_its_own_request() -> None:
    batcher, surrogate = MicroBatcher(), FirstWord()
    await decide(batcher, surrogate, "a", "b")
    found = await decide(batcher, surrogate, "a", "broken", "c")
    assert found == ["a", "this surrogate cannot decide", "c"]


async def test_cancelled_requests_are_not_decided() -> None:
    batcher, surrogate = MicroBatcher(), RecordingSurrogate()
    await decide(batcher, surrogate, "a", "b")
    surrogate.batches.clear()
    kept = asyncio.ensure_future(batcher.decide(surrogate, "kept"))
    cancelled = asyncio.ensure_future(batcher.decide(surrogate, "cancelled"))
    await asyncio.sleep(0)
    cancelled.cancel()
    assert (await kept).label == "kept"
    assert surrogate.batches == [["kept"]]


async def test_many_requests_are_decided_in_several_batches() -> None:
    batcher, surrogate = MicroBatcher(), RecordingSurrogate()
    await decide(batcher, surrogate, "a", "b")
    surrogate.batches.clear()
    texts = [f"t{number}" for number in range(2 * MAX_BATCH + 3)]
    assert await decide(batcher, surrogate, *texts) == texts
    assert [len(batch) for batch in surrogate.batches] == [MAX_BATCH, MAX_BATCH, 3]


async def test_each_request_is_decided_by_its_own_surrogate() -> None:
    batcher, old, new = MicroBatcher(), RecordingSurrogate(), RecordingSurrogate()
    await decide(batcher, old, "a", "b")
    old.batches.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(batcher.decide(old, "one"))
        group.create_task(batcher.decide(old, "two"))
        group.create_task(batcher.decide(new, "three"))
    assert (old.batches, new.batches) == ([["one", "two"]], [["three"]])
