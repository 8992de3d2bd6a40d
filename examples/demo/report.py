"""The final figures, and whether everything that was promised did happen."""

from collections.abc import Iterator
from dataclasses import dataclass

from examples.demo.account import Account
from examples.demo.cluster import Cluster
from examples.demo.narrator import certificate_lines
from examples.demo.terminal import DemoFailed, say
from examples.demo.watch import View
from tracer_router.api import RevisionPhase

__all__ = ["Outcome", "report"]

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the demonstration ended with."""

    cluster: Cluster
    """Where it ran."""
    view: View
    """The router at the end."""
    rollout: Account
    """Traffic from the first trace to promotion."""
    held_back: Account
    """Traffic after it, on questions held back until then."""


def report(outcome: Outcome) -> None:
    """Print the figures.

    Raises:
        DemoFailed: A promise was not kept; says each.
    """
    for line in _figures(outcome):
        say(line)
    broken = list(_broken_promises(outcome))
    if broken:
        raise DemoFailed("\n".join(broken))
    for line in _further(outcome):
        say(line)


def _figures(outcome: Outcome) -> Iterator[str]:
    rollout, held_back = outcome.rollout, outcome.held_back
    status = outcome.view.router.status
    yield "---"
    yield f"requests through the Gateway: {rollout.requests + held_back.requests:,}"
    yield f"  failed: {len(rollout.failures) + len(held_back.failures)}"
    yield (
        f"  answered by the surrogate during the rollout: {rollout.by_surrogate:,},"
        f" agreeing in {rollout.agreement:.1%}"
    )
    live = outcome.view.in_phase(RevisionPhase.LIVE)
    for task in live.status.tasks if live else ():
        yield from certificate_lines(task.certificate)
    asked = sum(held_back.decisions.values())
    yield f"held-back questions: {asked:,}"
    yield f"  answered by the surrogate: {held_back.share:.1%}"
    yield (
        f"  agree with the recorded teacher: {held_back.agreed} of"
        f" {held_back.by_surrogate} ({held_back.agreement:.1%})"
    )
    for decision in sorted(held_back.decisions):
        seconds = held_back.median_seconds(decision)
        yield f"  median wait for an answer by {decision}: {seconds * 1000:.0f} ms"
    yield f"saved, as the router counts it: {status.saved or 'nothing yet'}"


def _broken_promises(outcome: Outcome) -> Iterator[str]:
    certified = outcome.view.certified()
    for account in (outcome.rollout, outcome.held_back):
        for failure in account.failures[:_SHOWN]:
            yield f"a request failed: {failure}"
        for stranger in account.strangers[:_SHOWN]:
            yield f"neither the teacher's answer nor a certified label: {stranger}"
        for revision in sorted(set(account.surrogates) - certified):
            yield f"revision {revision!r} answered without a certificate"
    if not outcome.held_back.by_surrogate:
        yield "the surrogate answered none of the held-back questions"
    if not outcome.view.router.status.saved:
        yield "the router does not say what was saved"


def _further(outcome: Outcome) -> Iterator[str]:
    name = outcome.view.router.metadata
    yield "---"
    yield f"it goes on serving at {outcome.cluster.gateway_url}/v1"
    yield "look further:"
    if outcome.cluster.own:
        yield '  eval "$(.venv/bin/python -m devcluster env)"   # kubectl, its access'
    yield f"  kubectl get trouter,trev -n {name.namespace}"
    yield f"  .venv/bin/tracer-router explain {name.name} -n {name.namespace}"
    yield "  .venv/bin/python -m examples.demo.ask   # some questions: who answers?"
    if outcome.cluster.own:
        yield "  make cluster-down   # when you have seen enough"
