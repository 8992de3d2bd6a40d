"""Says what happens, once, as it happens."""

import asyncio
from dataclasses import dataclass, field

from examples.demo.account import Account
from examples.demo.terminal import say
from examples.demo.watch import View
from tracer_router.api import CertificateStatus, Phase, RevisionPhase, TracerRevision

__all__ = ["Narrator", "certificate_lines"]

_EVERY_SECONDS = 10


@dataclass(slots=True)
class Narrator:
    """Listens to views of a router and to the clients' account."""

    account: Account
    """What the clients saw."""
    _phases: dict[int, RevisionPhase | None] = field(default_factory=dict)
    _weight: int = 0
    _last: View | None = None

    def hear(self, view: View) -> None:
        """Say what has changed since the last view."""
        for revision in view.revisions:
            number, phase = revision.spec.revision, revision.status.phase
            if self._phases.get(number) is not phase:
                self._phases[number] = phase
                _announce(revision)
        rolling = view.router.status.candidate is not None
        if rolling and view.weight != self._weight:
            what = "share in shadow" if view.phase is Phase.SHADOW else "weight"
            say(f"{what} of the candidate: {self._weight} % -> {view.weight} %")
            self._weight = view.weight
        self._last = view

    async def keep_account(self) -> None:
        """Say how the traffic goes, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            say(f"  {self._traffic()}{self._waiting_for()}")

    def _traffic(self) -> str:
        account = self.account
        line = f"{account.requests:,} requests, {len(account.failures)} failed"
        if not account.by_surrogate:
            return line
        return f"{line}, {account.by_surrogate:,} answered by the surrogate"

    def _waiting_for(self) -> str:
        status = self._last.router.status if self._last else None
        return f" | {status.next}" if status and status.next else ""


def certificate_lines(certificate: CertificateStatus) -> list[str]:
    """Give the certificate in figures.

    The bound is the target that the test passed; one computed anew on the rows that
    chose the policy would not be valid.
    """
    found = certificate
    agreed = f"{found.k} of {found.n} accepted held-out rows agree"
    over_all = f"attempt {found.attempt}, confidence {found.confidence} over all"
    return [
        f"certificate: {agreed} ({found.k / max(1, found.n):.1%})",
        f"  certified bound: agreement of at least {found.target}",
        f"  error level {found.level} ({over_all} attempts)",
        f"  coverage {found.coverage} of the traffic",
    ]


def _announce(revision: TracerRevision) -> None:
    name, status = revision.metadata.name, revision.status
    match status.phase:
        case RevisionPhase.PASSTHROUGH:
            say(f"{name} passes everything to the teacher and records it")
        case RevisionPhase.TRAINING:
            attempt = revision.spec.attempt
            rows = attempt.labelled if attempt else 0
            say(f"{name}: training job started on {rows:,} labelled traces")
        case RevisionPhase.SHADOW:
            say(f"{name}: certified; in shadow, the teacher still answers everything")
            for task in status.tasks:
                for line in certificate_lines(task.certificate):
                    say(f"  {line}")
        case RevisionPhase.CANARY:
            say(f"{name} answers its first users: {status.reason}")
        case RevisionPhase.LIVE:
            say(f"{name} is live: {status.reason}")
        case phase:
            say(f"{name}: {phase}: {status.reason}")
