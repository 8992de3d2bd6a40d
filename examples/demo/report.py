"""The final figures, and the checks of the results."""

from collections.abc import Iterator
from dataclasses import dataclass

from examples.demo.account import Account
from examples.demo.cluster import Cluster
from examples.demo.narrator import certificate_lines
from examples.demo.terminal import DemoFailed, log
from examples.demo.watch import View
from tracer_router.api import RevisionPhase

__all__ = ["Outcome", "report"]

_MAX_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """The final state of the demonstration."""

    cluster: Cluster
    """The cluster of the demonstration."""
    view: View
    """The router at the end."""
    rollout: Account
    """Traffic from the first trace to promotion."""
    held_back: Account
    """Traffic after promotion, with the held-back questions."""


def report(outcome: Outcome) -> None:
    """Print the figures.

    Raises:
        DemoFailed: A check failed; lists all failed checks.
    """
    for line in _figures(outcome):
        log(line)
    failed = list(_failed_checks(outcome))
    if failed:
        raise DemoFailed("\n".join(failed))
    for line in _next_commands(outcome):
        log(line)


def _figures(outcome: Outcome) -> Iterator[str]:
    rollout, held_back = outcome.rollout, outcome.held_back
    status = outcome.view.router.status
    yield "---"
    yield f"requests through the Gateway: {rollout.requests + held_back.requests:,}"
    yield f"  failed: {len(rollout.failures) + len(held_back.failures)}"
    yield (
        f"  answered by the surrogate during the rollout: {rollout.by_surrogate:,},"
        f" agreement {rollout.agreement:.1%}"
    )
    live = outcome.view.in_phase(RevisionPhase.LIVE)
    for task in live.status.tasks if live else ():
        yield from certificate_lines(task.certificate)
    count = sum(held_back.decisions.values())
    yield f"held-back questions: {count:,}"
    yield f"  answered by the surrogate: {held_back.share:.1%}"
    yield (
        f"  agreement with the recorded teacher: {held_back.agreed} of"
        f" {held_back.by_surrogate} ({held_back.agreement:.1%})"
    )
    for decision in sorted(held_back.decisions):
        seconds = held_back.median_seconds(decision)
        yield f"  median latency, answered by {decision}: {seconds * 1000:.0f} ms"
    yield f"saved, from the status of the router: {status.saved or 'nothing yet'}"


def _failed_checks(outcome: Outcome) -> Iterator[str]:
    certified = outcome.view.certified()
    for account in (outcome.rollout, outcome.held_back):
        for failure in account.failures[:_MAX_EXAMPLES]:
            yield f"a request failed: {failure}"
        for answer in account.unexpected[:_MAX_EXAMPLES]:
            yield f"neither the recorded answer nor a certified label: {answer}"
        for revision in sorted(set(account.surrogates) - certified):
            yield f"revision {revision!r} answered without a certificate"
    if not outcome.held_back.by_surrogate:
        yield "the surrogate answered none of the held-back questions"
    if not outcome.view.router.status.saved:
        yield "the status of the router does not contain a saving"


def _next_commands(outcome: Outcome) -> Iterator[str]:
    name = outcome.view.router.metadata
    yield "---"
    yield f"the router keeps serving at {outcome.cluster.gateway_url}/v1"
    yield "next commands:"
    if outcome.cluster.own:
        yield '  eval "$(.venv/bin/python -m devcluster env)"   # KUBECONFIG and PATH'
    yield f"  kubectl get trouter,trev -n {name.namespace}"
    yield f"  .venv/bin/tracer-router explain {name.name} -n {name.namespace}"
    yield "  .venv/bin/python -m examples.demo.ask   # send some questions"
    if outcome.cluster.own:
        yield "  make cluster-down   # delete the cluster"
