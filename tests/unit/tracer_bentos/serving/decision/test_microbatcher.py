"""Decisions of requests that come at the same time are made at once."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from support.serving_plane import FirstWord, Guess
from tracer_bentos.serving.decision.executors import MAX_BATCH, MicroBatcher
from tracer_bentos.serving.records import PredictionView


class Noting(FirstWord):
    """A surrogate that notes what it is asked at once."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    @override
    def decide(self, text: str) -> Guess:
        self.asked.append([text])
        return super().decide(text)

    @override
    def decide_all(self, texts: Sequence[str]) -> list[Guess]:
        self.asked.append(list(texts))
        return [FirstWord.decide(self, text) for text in texts]


async def say(together: MicroBatcher, surrogate: FirstWord, *texts: str) -> list[str]:
    """Ask at the same time; give each label, or the error."""
    asked = (together.decide(surrogate, text) for text in texts)
    found: list[PredictionView | BaseException] = await asyncio.gather(
        *asked, return_exceptions=True
    )
    return [
        str(each) if isinstance(each, BaseException) else each.label for each in found
    ]


async def test_one_that_comes_alone_is_decided_at_once() -> None:
    deciding = MicroBatcher().decide(FirstWord(), "late parcel")
    with pytest.raises(StopIteration) as done:
        deciding.send(None)  # as far as it comes without waiting
    assert done.value.value.label == "late"


async def test_those_that_come_together_are_decided_together() -> None:
    together, surrogate = MicroBatcher(), Noting()
    assert await say(together, surrogate, "a 1", "b 2", "c 3") == ["a", "b", "c"]
    assert await say(together, surrogate, "d 4", "e 5") == ["d", "e"]
    # The first of all could not know that others would come.
    assert surrogate.asked == [["a 1"], ["b 2", "c 3"], ["d 4", "e 5"]]


async def test_after_a_crowd_one_alone_is_decided_at_once_again() -> None:
    together, surrogate = MicroBatcher(), FirstWord()
    await say(together, surrogate, "a", "b", "c")
    await say(together, surrogate, "d")
    with pytest.raises(StopIteration) as done:
        together.decide(surrogate, "e").send(None)
    assert done.value.value.label == "e"


async def test_one_that_cannot_be_decided_spoils_nobody_elses_decision() -> None:
    together, surrogate = MicroBatcher(), FirstWord()
    await say(together, surrogate, "a", "b")
    found = await say(together, surrogate, "a", "broken", "c")
    assert found == ["a", "this surrogate cannot decide", "c"]


async def test_nobody_is_decided_for_who_has_left() -> None:
    together, surrogate = MicroBatcher(), Noting()
    await say(together, surrogate, "a", "b")
    surrogate.asked.clear()
    stays = asyncio.ensure_future(together.decide(surrogate, "stays"))
    leaves = asyncio.ensure_future(together.decide(surrogate, "leaves"))
    await asyncio.sleep(0)
    leaves.cancel()
    assert (await stays).label == "stays"
    assert surrogate.asked == [["stays"]]


async def test_a_crowd_is_decided_in_parts() -> None:
    together, surrogate = MicroBatcher(), Noting()
    await say(together, surrogate, "a", "b")
    surrogate.asked.clear()
    texts = [f"t{number}" for number in range(2 * MAX_BATCH + 3)]
    assert await say(together, surrogate, *texts) == texts
    assert [len(each) for each in surrogate.asked] == [MAX_BATCH, MAX_BATCH, 3]


async def test_a_surrogate_that_is_replaced_meanwhile_answers_who_asked_it() -> None:
    together, old, new = MicroBatcher(), Noting(), Noting()
    await say(together, old, "a", "b")
    old.asked.clear()
    async with asyncio.TaskGroup() as group:
        group.create_task(together.decide(old, "one"))
        group.create_task(together.decide(old, "two"))
        group.create_task(together.decide(new, "three"))
    assert (old.asked, new.asked) == ([["one", "two"]], [["three"]])
