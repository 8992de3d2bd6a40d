"""Prints the events of a rollout as they occur."""

import asyncio
from dataclasses import dataclass, field

from examples.demo.account import Account
from examples.demo.terminal import log
from examples.demo.watch import View
from tracer_router.api import CertificateStatus, Phase, RevisionPhase, TracerRevision

__all__ = ["Narrator", "certificate_lines"]

_INTERVAL_SECONDS = 10


@dataclass(slots=True)
class Narrator:
    """Prints changes of a router and the progress of the clients."""

    account: Account
    """Counts of the client traffic."""
    _phases: dict[int, RevisionPhase | None] = field(default_factory=dict)
    _weight: int = 0
    _last: View | None = None

    def print_changes(self, view: View) -> None:
        """Print what changed since the last view."""
        for revision in view.revisions:
            number, phase = revision.spec.revision, revision.status.phase
            if self._phases.get(number) is not phase:
                self._phases[number] = phase
                _announce(revision)
        rolling = view.router.status.candidate is not None
        if rolling and view.weight != self._weight:
            what = "share in shadow" if view.phase is Phase.SHADOW else "weight"
            log(f"{what} of the candidate: {self._weight}% -> {view.weight}%")
            self._weight = view.weight
        self._last = view

    async def print_progress(self) -> None:
        """Print the progress of the traffic every few seconds, until canceled."""
        while True:
            await asyncio.sleep(_INTERVAL_SECONDS)
            log(f"  {self._traffic()}{self._next_step()}")

    def _traffic(self) -> str:
        account = self.account
        line = f"{account.requests:,} requests, {len(account.failures)} failed"
        if not account.by_surrogate:
            return line
        return f"{line}, {account.by_surrogate:,} answered by the surrogate"

    def _next_step(self) -> str:
        status = self._last.router.status if self._last else None
        return f" | {status.next}" if status and status.next else ""


def certificate_lines(certificate: CertificateStatus) -> list[str]:
    """Return the figures of a certificate.

    The bound is the target that the test passed. A bound that is computed afterward on
    the rows that selected the policy would not be valid.
    """
    agreed = f"{certificate.k} of {certificate.n} accepted held-out rows agree"
    attempt = (
        f"attempt {certificate.attempt}, confidence {certificate.confidence} over all"
    )
    return [
        f"certificate: {agreed} ({certificate.k / max(1, certificate.n):.1%})",
        f"  certified bound: agreement of at least {certificate.target}",
        f"  error level {certificate.level} ({attempt} attempts)",
        f"  coverage {certificate.coverage} of the traffic",
    ]


def _announce(revision: TracerRevision) -> None:
    name, status = revision.metadata.name, revision.status
    match status.phase:
        case RevisionPhase.PASSTHROUGH:
            log(f"{name}: all requests go to the teacher; traces are captured")
        case RevisionPhase.TRAINING:
            attempt = revision.spec.attempt
            rows = attempt.labelled if attempt else 0
            log(f"{name}: training Job started with {rows:,} labelled traces")
        case RevisionPhase.SHADOW:
            log(f"{name}: certified; in shadow, the teacher answers all requests")
            for task in status.tasks:
                for line in certificate_lines(task.certificate):
                    log(f"  {line}")
        case RevisionPhase.CANARY:
            log(f"{name}: answers part of the traffic: {status.reason}")
        case RevisionPhase.LIVE:
            log(f"{name}: live: {status.reason}")
        case phase:
            log(f"{name}: {phase}: {status.reason}")
