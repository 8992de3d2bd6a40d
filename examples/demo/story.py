"""The steps of the demonstration, from an empty cluster to the final figures."""

import asyncio
import contextlib

from examples.demo.account import Account
from examples.demo.cluster import Cluster, connect
from examples.demo.images import build_images
from examples.demo.install import (
    NAMESPACE,
    QUICKSTART,
    TEACHER_KEY,
    install,
    read_manifests,
)
from examples.demo.narrator import Narrator
from examples.demo.questions import Questions, prepare_questions
from examples.demo.report import Outcome, report
from examples.demo.terminal import DemoFailed, log
from examples.demo.traffic import Clients, Load
from examples.demo.watch import View, Watch
from tracer_router.api import Phase, RevisionPhase

__all__ = ["ROUTER", "roll_out", "run_demo", "set_up"]

ROUTER = "quickstart"
_READY_SECONDS = 120
_TRAINING_SECONDS = 180
_RESULT_SECONDS = 240
_LIVE_SECONDS = 900
_SETTLED_REQUESTS = 200


async def run_demo() -> None:
    """Run all steps and print the figures.

    Raises:
        DemoFailed: A step failed.
    """
    cluster = await asyncio.to_thread(connect)
    await asyncio.to_thread(set_up, cluster, NAMESPACE)
    watch = Watch(cluster, NAMESPACE, ROUTER)
    questions = prepare_questions()
    clients = Clients(cluster.gateway_url, TEACHER_KEY, questions.labels, Load())
    try:
        view = await roll_out(watch, clients, questions)
        rollout = clients.account
        clients.account = Account(rollout.labels)
        count = len(questions.held_back)
        log(f"sending {count:,} held-back questions, not used in training")
        await clients.send(questions.held_back)
    finally:
        await clients.close()
    view = await watch.view()
    report(Outcome(cluster, view, rollout, clients.account))


def set_up(cluster: Cluster, namespace: str) -> None:
    """Build the images, install all components, and apply the quickstart."""
    install(cluster, namespace, build_images(cluster))
    log("applying examples/quickstart.yaml")
    cluster.apply(namespace, *read_manifests(QUICKSTART))


async def roll_out(watch: Watch, clients: Clients, questions: Questions) -> View:
    """Send traffic until a certified surrogate is live; return the last view."""
    narrator = Narrator(clients.account)
    watch.listeners.append(narrator.print_changes)
    await watch.until("a router that receives requests", View.serves, _READY_SECONDS)
    log(f"sending real questions to {watch.cluster.gateway_url}/v1")
    traffic = asyncio.create_task(clients.send(questions.endless()))
    progress = asyncio.create_task(narrator.print_progress())
    try:
        view = await _wait_for_promotion(watch, clients)
    finally:
        clients.pause()
        progress.cancel()
        await asyncio.gather(traffic)
        with contextlib.suppress(asyncio.CancelledError):
            await progress
    return view


async def _wait_for_promotion(watch: Watch, clients: Clients) -> View:
    await watch.until("the first attempt", _training, _TRAINING_SECONDS)
    view = await watch.until("its result", _concluded, _RESULT_SECONDS)
    if not _certified(view):
        reasons = (revision.status.reason or "" for revision in view.revisions)
        raise DemoFailed(f"nothing was certified: {'; '.join(filter(None, reasons))}")
    view = await watch.until("full promotion", _live, _LIVE_SECONDS)
    before = clients.account.requests
    return await watch.until(
        "traffic after promotion",
        lambda _: clients.account.requests > before + _SETTLED_REQUESTS,
        _READY_SECONDS,
    )


def _training(view: View) -> bool:
    return view.router.status.attempts > 0 or _concluded(view)


def _concluded(view: View) -> bool:
    return _certified(view) or view.in_phase(RevisionPhase.REJECTED) is not None


def _certified(view: View) -> bool:
    phases = (RevisionPhase.SHADOW, RevisionPhase.CANARY, RevisionPhase.LIVE)
    return any(view.in_phase(phase) for phase in phases)


def _live(view: View) -> bool:
    if view.in_phase(RevisionPhase.ROLLED_BACK) is not None:
        raise DemoFailed("the candidate was rolled back; see the lines above")
    return view.phase is Phase.LIVE
