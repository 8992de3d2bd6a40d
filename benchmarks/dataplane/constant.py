"""The data plane with a surrogate without cost: the cost of the rest of the path.

    python -m benchmarks.dataplane.constant PORT TEACHER STORE TASK

All parts of a surrogate answer except the classifier: parsing, fingerprint, redaction,
sampling, decision, rendering, and trace.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tracer_bentos.redaction.redactor import build_redactor
from tracer_bentos.serving.server.app import DataPlane
from tracer_bentos.serving.server.listeners import serve
from tracer_bentos.serving.server.settings import build_settings
from tracer_core.contracts import runtime
from tracer_core.contracts.access import AccessMode
from tracer_core.contracts.policy import PolicyDocument, RevisionPolicy
from tracer_core.contracts.redaction import Redaction
from tracer_core.contracts.runtime_config import (
    AccessConfig,
    RuntimeConfig,
    StoreConfig,
    TeacherConfig,
    TracesConfig,
)

_DIGEST = "sha256:" + "0" * 64


@dataclass(frozen=True, slots=True)
class Answer:
    """The constant answer."""

    label: str = "card_arrival"
    accepted: bool = True
    cell: str = "card_arrival"


class Constant:
    """A surrogate with one answer."""

    redaction = build_redactor(Redaction()).identity
    target = 0.5
    costly = False
    remote = False
    embedding_tokens = 0

    def decide(self, text: str) -> Answer:  # noqa: ARG002 - for every text
        """Return the answer."""
        return Answer()

    def decide_all(self, texts: Sequence[str]) -> list[Answer]:
        """Return the answer to each text."""
        return [Answer() for _ in texts]


if __name__ == "__main__":
    port, teacher, store, task = sys.argv[1:]
    folder = Path(store).resolve()
    config = RuntimeConfig(
        teacher=TeacherConfig(url=teacher),
        access=AccessConfig(mode=AccessMode.OPEN),
        traces=TracesConfig(store=StoreConfig(url=folder.as_uri())),
    )
    variables = {
        runtime.HOST: "127.0.0.1",
        runtime.TRAFFIC_PORT: port,
        runtime.INTERNAL_PORT: "0",
        runtime.SPOOL: str(folder / "spool"),
    }
    settings = build_settings(config, variables)
    plane = DataPlane(settings)
    plane.surrogate_slot.set_local_surrogate(Constant(), _DIGEST)
    policy = RevisionPolicy(surrogate=True, audit=0.0, bundle=_DIGEST, tasks=(task,))
    plane.policy_store.update(PolicyDocument(generation=0, revisions={"0": policy}))
    serve(plane)
