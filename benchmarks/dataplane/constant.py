"""The data plane with a surrogate that costs nothing: what the rest of the path costs.

    python -m benchmarks.dataplane.constant PORT TEACHER STORE TASK

Everything of a surrogate answer but the classifier: reading, fingerprint, redaction,
coin, decision, rendering, trace.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracer_bentos.redaction.redactor import build_redactor
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.listeners import serve
from tracer_bentos.serving.server.settings import read_settings
from tracer_core.contracts import runtime
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.contracts.redaction import Redaction

_DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class Answer:
    """Always the same."""

    label: str = "card_arrival"
    accepted: bool = True
    cell: str = "card_arrival"


class Constant:
    """A surrogate of one answer."""

    redaction = build_redactor(Redaction()).identity
    target = 0.5
    costly = False
    asks_endpoint = False
    embedding_tokens = 0

    def decide(self, text: str) -> Answer:  # noqa: ARG002 - whatever is asked
        """Give the answer."""
        return Answer()

    def decide_all(self, texts: Sequence[str]) -> list[Answer]:
        """Give the answer to each."""
        return [Answer() for _ in texts]


if __name__ == "__main__":
    port, teacher, store, task = sys.argv[1:]
    settings = read_settings(
        {
            runtime.TEACHER_URL: teacher,
            runtime.HOST: "127.0.0.1",
            runtime.TRAFFIC_PORT: port,
            runtime.INTERNAL_PORT: "0",
            runtime.STORE_URL: Path(store).resolve().as_uri(),
            runtime.SPOOL: str(Path(store).resolve() / "spool"),
            runtime.ACCESS: "Open",
        }
    )
    plane = DataPlane(settings)
    plane.loaded.set_local_surrogate(Constant(), _DIGEST)
    policy = RevisionPolicy(surrogate=True, audit=0.0, bundle=_DIGEST, tasks=(task,))
    plane.policies.update(PolicyDocument(generation=0, revisions={"0": policy}))
    serve(plane)
