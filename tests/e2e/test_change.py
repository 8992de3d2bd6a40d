"""Changes of the teacher, the prompt, and the weights under live traffic.

One router has two revisions. The first goes live, and is rolled back when the model
changes under the same name. The second, for a new prompt, is bad at that time and never
answers.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle, islice

import httpx
import pytest
from typing_extensions import override

from examples.demo.account import Account, Answer
from examples.demo.cluster import Cluster
from examples.demo.images import Reference
from examples.demo.install import TEACHER_KEY
from examples.demo.questions import prepare_questions
from examples.demo.terminal import log
from examples.demo.traffic import Clients, Load
from examples.demo.watch import View, Watch
from examples.recorded_teacher.recordings import Recording
from support.stage import Stage
from tracer_core.stats.sequential.change_attribution import ChangeCause
from tracer_router.api import Phase, RevisionPhase, TracerRevision

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(900)]

ROUTER = "change"
TEACHER = "recorded-teacher"
MINIMUM = 2000
LOW, HIGH = 20, 90
"""Weights in percent between which the route is moved."""
CERTIFIED, ASKED = "85%", "80%"
"""The target of the first certificate, and the one of its rollout: what is certified
agrees little more than its target, and to show that takes very long now and then."""
ACCEPTED = 40
"""Texts that the surrogate must have answered before its share is measured."""
COUNTED = 500
FAMILIAR = 500
"""Texts that are repeated: different answers to them distinguish a changed teacher from
changed traffic."""
CHANGED = 0.4
"""Share of the texts that the changed teacher answers otherwise. The surrogate has
learnt the familiar texts and agrees on nearly all: twice the loss that the target
allows shows within hundreds of audits of the whole, sooner than within one cell. A loss
close to what is allowed takes thousands, and the bad cells may be closed one by one
before."""
QUICK = Load(rate=100)
STEADY = Load(rate=50)
COUNTING = Load(rate=300)


@dataclass
class Witness(Account):
    """An account that stores which texts the surrogate answered, and when last."""

    accepted: dict[str, Recording] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    @override
    def add(self, answer: Answer) -> None:
        super().add(answer)
        if answer.revision:
            self.accepted[answer.question.text] = answer.question
            self.last[answer.revision] = time.time()


@dataclass(slots=True)
class Story:
    """The observations."""

    stage: Stage
    old: Witness = field(default_factory=Witness)
    new: Witness = field(default_factory=Witness)
    after: Witness = field(default_factory=Witness)
    share: float = 0.0
    share_seconds: float = 0.0
    asked: View | None = None
    end: View | None = None

    def revision(self, number: int) -> TracerRevision:
        assert self.end is not None
        return next(
            found for found in self.end.revisions if found.spec.revision == number
        )


@pytest.fixture(scope="module")
def story(cluster: Cluster, images: dict[str, Reference]) -> Iterator[Story]:
    stage = Stage(cluster, images, "e2e-change")
    stage.install()
    # Answers come fast here: the changes are the story, not the waiting.
    stage.kubectl("set", "env", f"deployment/{TEACHER}", "TEACHER_LATENCY_SCALE=0.2")
    _apply(stage, LOW, CERTIFIED)
    played = Story(stage)
    asyncio.run(_play(played))
    yield played
    stage.remove()


def _apply(stage: Stage, first: int, target: str = ASKED) -> None:
    manifest = stage.router(
        ROUTER,
        parity={"target": target, "margin": "5%"},
        # No attempt on growth within the story: the one that is made is asked for by
        # the new prompt.
        training={"minimumTraces": MINIMUM, "growth": "100%"},
        rollout={"steps": [f"{first}%", "100%"], "period": "1s", "promotion": "Manual"},
        audit={"live": "100%"},
    )
    stage.cluster.apply(stage.namespace, manifest)


async def _play(story: Story) -> None:
    stage, questions = story.stage, prepare_questions()
    rewritten = replace(questions, labels=questions.labels[::-1])
    traffic, watch = questions.endless(), stage.watch(ROUTER)
    familiar = cycle(list(islice(questions.endless(), FAMILIAR)))
    quick, old, count = (
        stage.clients(questions, load) for load in (QUICK, STEADY, COUNTING)
    )
    rush, new = (stage.clients(rewritten, load) for load in (QUICK, STEADY))
    quick.account = old.account = count.account = story.old
    rush.account = new.account = story.new
    async with contextlib.AsyncExitStack() as stack:
        for clients in (quick, old, count, rush, new):
            stack.push_async_callback(clients.close)
        await _go_live(story, watch, (quick, old, count), (traffic, familiar))
        # Every one of them is known to the live pod before anything changes: what
        # comes again at once tells a changed teacher within the seconds it stands.
        await quick.send(islice(familiar, FAMILIAR))
        await rush.send(islice(traffic, MINIMUM))
        story.asked = await watch.until("a second attempt", _attempted, 90)
        await watch.until("a second candidate", _in_shadow(2), 120)
        await _change_the_teacher(stage)
        async with old.sending(familiar), new.sending(traffic):
            story.end = await watch.until("both rolled back", _fallen, 120)
            quick.account = story.after
            await quick.send(islice(traffic, 200))


async def _go_live(
    story: Story,
    watch: Watch,
    clients: tuple[Clients, Clients, Clients],
    traffic: tuple[Iterator[Recording], Iterator[Recording]],
) -> None:
    (quick, old, count), (fresh, familiar) = clients, traffic
    await watch.until("a router that takes requests", View.serves, 120)
    await quick.send(islice(fresh, MINIMUM))
    await watch.until("a candidate in shadow", _in_shadow(1), 180)
    _apply(story.stage, LOW)
    async with old.sending(familiar):
        await watch.until("its first weight", _at(LOW), 180)
        while len(story.old.accepted) < ACCEPTED:  # noqa: ASYNC110 - an account raises no event
            await asyncio.sleep(0.1)
    await _move_the_weight(story, count)
    promote = ("tracerml.ai/do-change=promote 1",)
    story.stage.kubectl("annotate", "tracerrouter", ROUTER, *promote)
    await watch.until("a live surrogate", lambda it: it.phase is Phase.LIVE, 60)
    _apply(story.stage, LOW)


async def _move_the_weight(story: Story, clients: Clients) -> None:
    """Change the weights of the route, and send texts that the surrogate answers."""
    known, stage = list(story.old.accepted.values()), story.stage
    weights = "-o=jsonpath={.spec.rules[0].backendRefs[*].weight}"
    _apply(stage, HIGH)
    async with asyncio.timeout(60):
        while str(HIGH) not in await _kubectl(
            stage, "get", "httproute", ROUTER, weights
        ):
            continue
    written, before = time.monotonic(), dict(story.old.decisions)
    await asyncio.sleep(0.5)  # until the Gateway applies it
    await clients.send(islice(cycle(known), COUNTED))
    story.share_seconds = time.monotonic() - written
    surrogate = story.old.decisions["surrogate"] - before.get("surrogate", 0)
    story.share = surrogate / COUNTED


async def _kubectl(stage: Stage, *words: str) -> str:
    return await asyncio.to_thread(stage.kubectl, *words)


async def _change_the_teacher(stage: Stage) -> None:
    """Send the change through the router, which forwards unknown paths."""
    headers = {"Host": stage.host, "Authorization": f"Bearer {TEACHER_KEY}"}
    url = f"{stage.cluster.gateway_url}/v1/recorded/changed"
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.post(url, json={"share": CHANGED}, headers=headers)
    answer.raise_for_status()


def test_not_one_request_failed_whatever_changed(story: Story) -> None:
    accounts = (story.old, story.new, story.after)

    assert [account.failures for account in accounts] == [[], [], []]


def test_the_weight_in_the_route_is_the_share_that_clients_see(story: Story) -> None:
    log(f"share {story.share:.3f} at {HIGH} %, {story.share_seconds:.1f} s after it")

    # Five points are 3.7 standard errors of 500 draws at 90 %.
    assert abs(story.share - HIGH / 100) <= 0.05


def test_a_new_prompt_goes_to_the_teacher_and_asks_for_an_attempt(
    story: Story,
) -> None:
    assert story.asked is not None
    attempt = story.asked.revisions[2].spec.attempt
    certified = {task.fingerprint for task in story.revision(1).status.tasks}

    assert attempt is not None
    assert attempt.cause == "a new task"
    assert attempt.task not in certified
    assert set(story.new.decisions) == {"teacher"}


def test_a_bad_candidate_is_rolled_back_and_never_answers(story: Story) -> None:
    bad = story.revision(2).status

    assert bad.phase is RevisionPhase.ROLLED_BACK
    assert _speaks_against(bad.reason or "")
    assert bad.tasks, "it had a certificate"
    assert story.new.surrogates == {}


def test_a_live_revision_falls_when_the_teacher_has_changed(story: Story) -> None:
    bad = story.revision(1).status

    assert bad.phase is RevisionPhase.ROLLED_BACK
    assert _speaks_against(bad.reason or "")
    assert story.after.decisions == {"teacher": 200}


def test_a_changed_teacher_is_told_from_changed_traffic(story: Story) -> None:
    bad = story.revision(1).status

    log(f"cause: {bad.cause}; {bad.reason}")
    assert bad.cause == ChangeCause.TEACHER


def test_a_rollback_reaches_clients_in_seconds(story: Story) -> None:
    verdict = story.revision(1).status.step_since
    assert verdict is not None

    seconds = story.old.last["1"] - verdict.timestamp()

    log(f"rollback: {seconds:.2f} s from the verdict to the last answer")
    # Both times it was measured the last answer was earlier than the verdict, by 1.3
    # and 5.6 s. The bound is wide because others may be building on this machine.
    assert seconds < 15


def _speaks_against(reason: str) -> bool:
    return any(
        text in reason for text in ("agreement is below", "drift: ", "gross failure")
    )


def _attempted(view: View) -> bool:
    return view.router.status.attempts > 1


def _in_shadow(number: int) -> Callable[[View], bool]:
    def reached(view: View) -> bool:
        found = view.in_phase(RevisionPhase.SHADOW)
        return found is not None and found.spec.revision == number and view.weight > 0

    return reached


def _at(percent: int) -> Callable[[View], bool]:
    return lambda view: view.phase is Phase.CANARY and view.weight == percent


def _fallen(view: View) -> bool:
    fallen = RevisionPhase.ROLLED_BACK
    return [found.status.phase for found in view.revisions[1:3]] == [fallen, fallen]
