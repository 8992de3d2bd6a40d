"""The rollout of the demo, while the operator is killed repeatedly."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from examples.demo.account import Account
from examples.demo.cluster import Cluster
from examples.demo.images import Reference
from examples.demo.questions import prepare_questions
from examples.demo.story import roll_out
from examples.demo.traffic import Load
from examples.demo.watch import View
from support.stage import CHILDREN, Stage, eventually
from tracer_router.api import Phase, RevisionPhase

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

ROUTER = "rollout"
OPERATOR = "app.kubernetes.io/component=operator"
HELD_BACK = 600
REST_SECONDS = 30


def _at_weight(percent: int, phase: Phase = Phase.CANARY) -> Callable[[View], bool]:
    return lambda view: view.phase is phase and view.weight == percent


MOMENTS: dict[str, Callable[[View], bool]] = {
    "before the first attempt": lambda view: bool(_labelled(view)),
    "during training": lambda view: view.in_phase(RevisionPhase.TRAINING) is not None,
    "while the candidate loads": _at_weight(0, Phase.SHADOW),
    "in shadow": _at_weight(50, Phase.SHADOW),
    **{f"at {percent} %": _at_weight(percent) for percent in (5, 25, 100)},
    "when it is live": lambda view: view.phase is Phase.LIVE,
}
"""When the operator is killed: once in every state, as soon as it is observed."""

SEEN_FOR_SURE = {
    "before the first attempt",
    "during training",
    "in shadow",
    "at 5 %",
    "at 25 %",
    "when it is live",
}
"""The other states can pass between two observations."""


@dataclass(slots=True)
class Story:
    """The observations until a surrogate is live, and afterwards."""

    stage: Stage
    kills: dict[str, asyncio.Task[str]] = field(default_factory=dict)
    weights: list[int] = field(default_factory=list)
    audits: list[int] = field(default_factory=list)
    made: set[tuple[str, str]] = field(default_factory=set)
    rollout: Account = field(default_factory=Account)
    held_back: Account = field(default_factory=Account)
    view: View | None = None

    def kill_the_operator(self, view: View) -> None:
        """Kill the operator without a grace period in every one of the states."""
        for moment, reached in MOMENTS.items():
            if moment not in self.kills and reached(view):
                self.kills[moment] = asyncio.create_task(asyncio.to_thread(self._kill))
                return  # one at a time

    def write_down(self, view: View) -> None:
        """Record what a restart must not change, during the first rollout."""
        self.made |= {
            (revision.metadata.name, revision.metadata.uid or "")
            for revision in view.revisions
        }
        agreement = view.router.status.agreement
        if view.phase is Phase.CANARY and not view.in_phase(RevisionPhase.LIVE):
            self.weights.append(view.weight)
            self.audits.append(agreement.n if agreement else 0)

    def _kill(self) -> str:
        now = ("--grace-period=0", "--force", "--wait=false")
        return self.stage.kubectl("delete", "pod", f"-l={OPERATOR}", *now)


@pytest.fixture(scope="module")
def story(cluster: Cluster, images: dict[str, Reference]) -> Iterator[Story]:
    stage = Stage(cluster, images, "e2e-rollout")
    stage.install()
    cluster.apply(stage.namespace, stage.router(ROUTER))
    played = Story(stage)
    asyncio.run(_play(played))
    yield played
    stage.remove()


async def _play(story: Story) -> None:
    questions = prepare_questions(held_back=HELD_BACK)
    clients = story.stage.clients(questions, Load())
    watch = story.stage.watch(ROUTER)
    watch.listeners += [story.write_down, story.kill_the_operator]
    try:
        await roll_out(watch, clients, questions)
        story.rollout = clients.account
        clients.account = Account(story.rollout.labels)
        await clients.send(questions.held_back)
        story.held_back = clients.account
    finally:
        await clients.close()
    story.view = await watch.until("rest", _at_rest, 300)
    await asyncio.gather(*story.kills.values())


def _labelled(view: View) -> int:
    traces = view.router.status.traces
    return traces.labelled if traces else 0


def _at_rest(view: View) -> bool:
    # The traffic has earned a second attempt; it may end as a candidate that waits.
    live = view.in_phase(RevisionPhase.LIVE)
    return live is not None and not view.in_phase(RevisionPhase.TRAINING)


def test_not_one_request_failed_whenever_the_operator_was_killed(story: Story) -> None:
    killed = {
        moment for moment, kill in story.kills.items() if "deleted" in kill.result()
    }

    assert killed >= SEEN_FOR_SURE
    assert story.rollout.failures + story.held_back.failures == []


def test_an_operator_that_was_killed_goes_on_where_it_was(story: Story) -> None:
    names = [name for name, _ in story.made]

    assert story.weights == sorted(story.weights)
    assert story.audits == sorted(story.audits)
    assert len(names) == len(set(names)), "a revision was made twice"


def test_every_answer_was_the_teachers_or_a_certified_label(story: Story) -> None:
    assert story.view is not None
    answered = set(story.rollout.surrogates) | set(story.held_back.surrogates)

    assert story.rollout.unexpected + story.held_back.unexpected == []
    assert answered <= story.view.certified()


def test_a_substantial_share_is_answered_as_the_teacher_would(story: Story) -> None:
    account = story.held_back
    # Certified at 90 %; three standard errors of the answers that were counted.
    slack = 3 * (0.9 * 0.1 / max(1, account.by_surrogate)) ** 0.5

    assert account.share > 0.3
    assert account.agreement >= 0.9 - slack


def test_the_router_says_what_it_saved(story: Story) -> None:
    assert story.view is not None

    assert (story.view.router.status.saved or "").startswith("$")
    assert "Live" in story.stage.explain(ROUTER)


def test_the_same_manifest_twice_changes_nothing(story: Story) -> None:
    stage, kinds = story.stage, f"tracerrouters,{CHILDREN}"
    eventually(lambda: _quiet(stage, kinds), "rest", 360)
    before = stage.versions(kinds)

    stage.cluster.apply(stage.namespace, stage.router(ROUTER))
    time.sleep(10)

    assert stage.versions(kinds) == before


def test_at_rest_the_operator_makes_no_write(story: Story) -> None:
    stage = story.stage
    eventually(lambda: _quiet(stage, f"tracerrouters,{CHILDREN}"), "rest", 360)
    before = stage.writes()

    time.sleep(REST_SECONDS)

    assert stage.writes() == before


def test_deleting_the_router_leaves_its_traces_and_nothing_else(story: Story) -> None:
    stage = story.stage

    stage.kubectl("delete", "tracerrouter", ROUTER)

    eventually(lambda: stage.left_of(ROUTER) == [], "an empty namespace", 180)
    output = stage.run_python("look", ROUTER, _LOOK)
    segments, results = map(int, output.split())
    assert segments > 0
    assert results > 0


_LOOK = """
import os
from tracer_bentos.store import open_store
from tracer_core.contracts.runtime_config import RuntimeConfig
store = open_store(RuntimeConfig.from_environment(os.environ).traces.store)
results = [key for key in store.list("attempts/") if key.endswith("result.json")]
print(len(store.list("traces/")), len(results))
"""


def _quiet(stage: Stage, kinds: str) -> bool:
    # Longer than a batch of audits is waited for: the last one may be on its way.
    before = stage.versions(kinds)
    time.sleep(70)
    return stage.versions(kinds) == before
