"""The operator with real data planes: evidence over HTTP, weights in the route."""

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from openai import AsyncOpenAI
from typing_extensions import override

from support.serving_plane import ARCHIVE, BUNDLE, Plane, serving, until
from support.serving_teacher import Teacher, teaching
from support.world import World, make_router
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.document import sha256_digest
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument

pytestmark = pytest.mark.slow

WORDS = ("refund", "billing", "shipping", "password")
SPEC = {"rollout": {"period": "1s"}, "training": {"minimumTraces": 100}}


@dataclass
class RealWorld(World):
    """A world whose pods are real data planes; clients follow the route's weights."""

    teacher_itself: Teacher = field(default_factory=Teacher)
    planes: dict[int, Plane] = field(default_factory=dict)
    clients: dict[int, AsyncOpenAI] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - traffic
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)

    @override
    async def push(self, address: str, policy: PolicyDocument) -> Evidence | None:
        """Push the policy to the plane at this address."""
        revision = int(address.removeprefix("10.0.0."))
        self.pushed.append((address, policy))
        return await self.planes[revision].push(policy)

    async def ask(self, number: int) -> None:
        """Send a number of requests to revisions drawn by the weights."""
        weights = self.weights()
        for name in self.chance.choices(
            list(weights), list(weights.values()), k=number
        ):
            revision = int(name.rpartition("-r")[2])
            text = f"{self.chance.choice(WORDS)} please {self.chance.random()}"
            answer = await self.clients[revision].chat.completions.create(
                model="gpt-test", messages=[{"role": "user", "content": text}]
            )
            teacher = answer.id == "chatcmpl-teacher"
            self.answers[revision, "teacher" if teacher else "surrogate"] += 1
        await self.settled()

    async def settled(self) -> None:
        """Wait until every audit has ended."""

        def ended() -> bool:
            planes = self.planes.values()
            tasks = [
                task for plane in planes for task in plane.data_plane.counters.tasks()
            ]
            return all(
                task.audits_admitted
                == task.audits_agreed + task.audits_disagreed + task.audits_missing
                for task in tasks
            )

        await until(ended)

    def task(self) -> str:
        """Return the fingerprint of the task of the clients."""
        return self.planes[0].data_plane.counters.tasks()[0].task


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[RealWorld]:
    teacher = Teacher()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(teaching(teacher))
        found = RealWorld(router=make_router(**SPEC), teacher_itself=teacher)
        for revision in (0, 1):
            changes = {} if revision else {"bundle_digest": None}
            found.planes[revision] = await stack.enter_async_context(
                serving(
                    teacher.url,
                    tmp_path / str(revision),
                    access=AccessMode.OPEN,
                    revision=revision,
                    pod=f"tickets-r{revision}-x",
                    **changes,
                )
            )
            found.clients[revision] = found.planes[revision].client()
        yield found


async def shadowed(world: RealWorld) -> None:
    """Bring a candidate to the shadow phase."""
    await world.reconcile(3)
    await world.ask(120)
    await until(
        lambda: world.planes[0].data_plane.counters.tasks()[0].uniform_labelled >= 100
    )
    await world.reconcile(3)
    world.finish_training(
        1, bundle=BUNDLE, bento=sha256_digest(ARCHIVE), task=world.task(), coverage=0.9
    )
    await until(lambda: world.planes[1].data_plane.surrogate_slot.digest == BUNDLE)
    await world.reconcile(4)
    assert world.status()["phase"] == "Shadow"


async def test_a_good_surrogate_goes_from_shadow_to_live(world: RealWorld) -> None:
    await shadowed(world)
    world.answers.clear()
    await world.ask(60)
    assert world.answers[1, "teacher"] > 10
    assert world.answers[1, "surrogate"] == 0
    await world.reconcile()
    assert world.weights() == {"tickets-r0": 95, "tickets-r1": 5}
    for _ in range(40):
        await world.ask(40)
        await world.reconcile(seconds=2)
        if world.status()["phase"] == "Live":
            break
    assert world.status()["phase"] == "Live"
    assert world.answers[1, "surrogate"] > 50
    assert world.weights() == {"tickets-r1": 100}
    before = world.answers[1, "surrogate"]
    await world.ask(20)
    assert world.answers[1, "surrogate"] == before + 20
    assert world.revision(1)["evidence"]["boots"][0]["pod"] == "tickets-r1-x"


async def test_a_surrogate_that_disagrees_is_rolled_back_before_it_answers(
    world: RealWorld,
) -> None:
    await shadowed(world)
    world.answers.clear()
    world.teacher_itself.label = lambda text: text.split()[1]
    await world.ask(40)
    await world.reconcile(2)
    assert world.revision(1)["phase"] == "RolledBack"
    assert "agreement is below 0.9: 0 of" in world.revision(1)["reason"]
    assert world.answers[1, "surrogate"] == 0
    assert world.weights() == {"tickets-r0": 100}
    assert not world.planes[1].data_plane.policy_store.current.surrogate


async def test_a_live_surrogate_whose_teacher_changes_is_switched_off(
    world: RealWorld,
) -> None:
    await shadowed(world)
    for _ in range(40):
        await world.ask(40)
        await world.reconcile(seconds=2)
        if world.status()["phase"] == "Live":
            break
    world.teacher_itself.label = lambda text: text.split()[1]
    await world.planes[1].push(audited_fully(world))
    await world.ask(120)
    await world.reconcile()
    assert world.revision(1)["phase"] == "RolledBack"
    assert not world.planes[1].data_plane.policy_store.current.surrogate
    await world.reconcile(2)
    world.answers.clear()
    await world.ask(10)
    assert set(world.answers) == {(0, "teacher")}


def audited_fully(world: RealWorld) -> PolicyDocument:
    """Return the present policy with every answer audited, to keep the test short."""
    held = world.pushed[-1][1]
    rule = held.build(1).model_copy(update={"audit": 1.0})
    return held.model_copy(update={"revisions": {**held.revisions, "1": rule}})
