"""Words that only a sentence encoder can distinguish, on a real cluster.

The encoder is first an endpoint in the namespace, which fails and recovers, and then a
folder.
"""

import asyncio
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from examples.demo.account import Account
from examples.demo.cluster import Cluster
from examples.demo.images import Reference
from examples.demo.questions import Questions
from examples.demo.traffic import Clients, Load
from examples.demo.watch import View
from examples.recorded_teacher.recordings import Recording
from support.hidden_topics import TOPICS, hidden_texts, topic_of
from support.stage import Stage, eventually
from support.topic_stage import EMBEDDINGS, KEY, TEACHER, serve_topics, store_encoder
from tracer_router.api import Phase, RevisionPhase

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(1800)]

ENDPOINT, FOLDER = "endpoint", "folder"
MINIMUM, HELD_BACK = 800, 400
_DEFERRALS = re.compile(
    r'^tracer_deferrals_total\{reason="([^"]+)"\} (\S+)$', re.MULTILINE
)
SPEC = {
    "parity": {"target": "85%", "margin": "5%"},
    "training": {"minimumTraces": MINIMUM},
    # Its time is judged: what else runs on the machine shall not take it all.
    "resources": {"requests": {"cpu": "500m"}},
    "teacher": {
        "url": f"http://{TEACHER}/v1",
        "prices": [
            {
                "model": "gpt-4",
                "inputPerMillionTokens": "30",
                "outputPerMillionTokens": "60",
            }
        ],
    },
}
NAMED = {
    "url": f"http://{EMBEDDINGS}/v1",
    "model": "made-up",
    "apiKey": {"secretName": EMBEDDINGS},
    "pricePerMillionTokens": "1000",
}


@dataclass(slots=True)
class Story:
    """The observations."""

    stage: Stage
    live: View | None = None
    certified: Account = field(default_factory=Account)
    asked: int = 0
    dead: Account = field(default_factory=Account)
    deferred: dict[str, int] = field(default_factory=dict)
    back: Account = field(default_factory=Account)
    after: View | None = None
    manifests: str = ""
    folder: View | None = None
    by_folder: Account = field(default_factory=Account)
    folder_pods: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def story(cluster: Cluster, images: dict[str, Reference]) -> Iterator[Story]:
    stage = Stage(cluster, images, "e2e-embedder")
    stage.install()
    serve_topics(stage)
    played = Story(stage)
    asyncio.run(_play(played))
    yield played
    stage.remove()


async def _play(story: Story) -> None:
    stage = story.stage
    embedder: dict[str, Any] = {"endpoint": NAMED}
    stage.cluster.apply(
        stage.namespace,
        stage.router(ENDPOINT, **SPEC, surrogate={"embedder": embedder}),
    )
    story.live = await _roll_out(story, ENDPOINT, seed=1)
    story.manifests = stage.kubectl(
        *("get", "deployments,jobs,pods,configmaps", "-o", "json"),
        *("-l", f"tracerml.ai/router={ENDPOINT}"),
    )
    before = _asked(stage)
    story.certified = await _send(stage, hidden_texts(HELD_BACK, seed=2))
    story.asked = _asked(stage) - before
    stage.scale(EMBEDDINGS, 0)
    story.dead = await _send(stage, hidden_texts(HELD_BACK, seed=3))
    story.deferred = _deferrals(stage, ENDPOINT)
    stage.scale(EMBEDDINGS, 1)
    story.back = await _until_it_answers(stage)
    story.after = await stage.watch(ENDPOINT).view()
    stage.kubectl("delete", "tracerrouter", ENDPOINT)
    eventually(lambda: stage.left_of(ENDPOINT) == [], "an empty namespace", 180)
    await _by_folder(story)


async def _by_folder(story: Story) -> None:
    stage = story.stage
    texts = list(itertools.islice(_endless(seed=1), 2000))
    store_encoder(stage, texts)
    stage.scale(EMBEDDINGS, 0)
    embedder = {"onnx": {"claimName": "encoders", "subPath": "words"}}
    stage.cluster.apply(
        stage.namespace, stage.router(FOLDER, **SPEC, surrogate={"embedder": embedder})
    )
    story.folder = await _roll_out(story, FOLDER, seed=1, texts=texts)
    story.by_folder = await _send(stage, texts[-HELD_BACK:])
    story.folder_pods = stage.cluster.get(
        "deployments", "-n", stage.namespace, "-l", f"tracerml.ai/router={FOLDER}"
    )


async def _roll_out(
    story: Story, router: str, seed: int, texts: list[str] | None = None
) -> View:
    """Send words until a certified surrogate is live."""
    stage, watch = story.stage, story.stage.watch(router)
    clients = _clients(stage)
    words = itertools.cycle(texts) if texts else _endless(seed)
    try:
        await watch.until("a router that takes requests", View.serves, 120)
        async with clients.sending(map(_question, words)):
            await watch.until("a certificate", _certified, 300)
            view = await watch.until("full promotion", _live, 600)
    finally:
        await clients.close()
    assert clients.account.failures == []
    return view


async def _send(stage: Stage, texts: list[str]) -> Account:
    clients = _clients(stage)
    try:
        await clients.send(map(_question, texts))
    finally:
        await clients.close()
    return clients.account


async def _until_it_answers(stage: Stage) -> Account:
    """Send until the surrogate has answered again, for a minute at most."""
    whole = Account(frozenset(TOPICS))
    async with asyncio.timeout(60):
        for seed in itertools.count(100):
            found = await _send(stage, hidden_texts(50, seed=seed))
            whole.failures += found.failures
            whole.surrogates += found.surrogates
            if found.by_surrogate:
                break
    return whole


def _clients(stage: Stage) -> Clients:
    # Fewer than usual: each question is three processes' work on one machine.
    return stage.clients(Questions((), (), TOPICS), Load(rate=40))


def _endless(seed: int) -> Iterator[str]:
    for number in itertools.count():
        yield from hidden_texts(500, seed=seed * 1000 + number)


def _question(text: str) -> Recording:
    return Recording(text, topic_of(text), "made up")


def _certified(view: View) -> bool:
    if view.in_phase(RevisionPhase.REJECTED) is not None:
        reasons = [revision.status.reason for revision in view.revisions]
        raise AssertionError(f"nothing was certified: {reasons}")
    return bool(view.certified())


def _live(view: View) -> bool:
    assert view.in_phase(RevisionPhase.ROLLED_BACK) is None, view.revisions[-1].status
    return view.phase is Phase.LIVE


def _asked(stage: Stage) -> int:
    """Return the number of texts sent to the endpoint since its start."""
    proxy = f"/api/v1/namespaces/{stage.namespace}/services/{EMBEDDINGS}:80/proxy/asked"
    return int(stage.kubectl("get", "--raw", proxy))


def _deferrals(stage: Stage, router: str) -> dict[str, int]:
    """Return the deferrals of the only pod of revision 1, by cause."""
    mine = f"tracerml.ai/router={router},tracerml.ai/revision=1"
    label = f"-l={mine},app.kubernetes.io/component=data-plane"
    name = ("-o", "jsonpath={.items[*].metadata.name}")
    (pod,) = stage.kubectl("get", "pods", label, *name).split()
    path = f"/api/v1/namespaces/{stage.namespace}/pods/{pod}:8081/proxy/metrics"
    found = _DEFERRALS.findall(stage.kubectl("get", "--raw", path))
    return {reason: int(float(count)) for reason, count in found}


def test_a_surrogate_that_asks_an_endpoint_is_certified_and_answers(
    story: Story,
) -> None:
    assert story.live is not None
    attempt = story.live.revisions[1].spec.attempt

    assert attempt is not None
    assert attempt.embedder is not None
    assert story.certified.failures == []
    assert story.certified.share > 0.3
    assert story.certified.agreement > 0.85 - 0.1


def test_the_endpoint_was_asked_about_what_was_answered(story: Story) -> None:
    assert story.asked >= story.certified.by_surrogate > 0


def test_its_key_is_in_no_object_that_the_operator_made(story: Story) -> None:
    assert KEY not in story.manifests
    assert "TRACER_EMBEDDINGS_KEY_FILE" in story.manifests


def test_with_the_endpoint_dead_the_teacher_answers_and_nothing_fails(
    story: Story,
) -> None:
    # Requests that waited for the endpoint when it failed, and those after it.
    without = story.deferred["no-embedding"] + story.deferred["surrogate-late"]

    assert story.dead.failures == []
    assert story.dead.decisions == {"teacher": HELD_BACK}
    assert story.deferred["no-embedding"] > 0
    assert without >= HELD_BACK
    assert story.deferred["surrogate-failed"] == 0


def test_the_surrogate_stays_live_and_decides_again_when_the_endpoint_is_back(
    story: Story,
) -> None:
    assert story.after is not None
    live = story.after.in_phase(RevisionPhase.LIVE)

    assert story.back.failures == []
    assert story.back.by_surrogate > 0
    assert live is not None
    assert live.spec.revision == 1


def test_what_the_embeddings_cost_comes_off_the_saving(story: Story) -> None:
    assert story.after is not None
    savings = story.after.router.status.savings

    assert savings is not None
    assert float(savings.embeddings) > 0
    assert float(savings.saved) == pytest.approx(
        float(savings.avoided) - float(savings.embeddings), abs=1e-5
    )


def test_a_folder_on_a_volume_earns_a_certificate_and_its_pods_mount_nothing(
    story: Story,
) -> None:
    assert story.folder is not None
    volumes = [
        volume
        for deployment in story.folder_pods["items"]
        for volume in deployment["spec"]["template"]["spec"]["volumes"]
    ]

    assert story.by_folder.failures == []
    assert story.by_folder.share > 0.3
    assert not [volume for volume in volumes if "persistentVolumeClaim" in volume]
