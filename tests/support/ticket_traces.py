"""Synthetic support tickets of known difficulty, for training tests."""

import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import zstandard

from tracer_bentos.store import TraceStore
from tracer_bentos.training.data.rows import Row
from tracer_core.contracts.store.layout import segment_key
from tracer_core.contracts.training import AttemptRequest

__all__ = ["BEGIN", "REQUEST", "store_rows", "ticket_rows"]

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)
REQUEST = AttemptRequest(
    router="team/tickets",
    uid="0d5c",
    attempt=1,
    until=BEGIN + timedelta(hours=1),
    target=0.9,
    confidence=0.95,
    minimum=300,
    seed=1,
)
_TOPICS = {
    "billing": ["was charged twice", "invoice is wrong", "want a refund"],
    "delivery": ["parcel is late", "courier never came", "box arrived broken"],
    "login": ["password is refused", "account is locked", "code never arrives"],
    "praise": ["great service", "thank you so much", "very happy with you"],
}
_FILLERS = ["hello", "please", "since monday", "again", "my friend says", "today"]


def ticket_rows(
    count: int, seed: int = 1, noise: float = 0.02, first: datetime = BEGIN
) -> list[Row]:
    """Return rows of four topics; a share `noise` of the labels is random."""
    chance = random.Random(seed)  # noqa: S311 - a reproducible world
    topics = sorted(_TOPICS)
    rows = []
    for number in range(count):
        topic = chance.choice(topics)
        words = [chance.choice(_FILLERS), chance.choice(_TOPICS[topic])]
        text = " ".join([*words, chance.choice(_FILLERS), f"order {number} of {seed}"])
        label = chance.choice(topics) if chance.random() < noise else topic
        time = first + timedelta(seconds=number)
        rows.append(Row(text, label, "tickets", time, None, True, "gpt-test"))  # noqa: FBT003 - the whole row at a glance
    return rows


def store_rows(
    store: TraceStore, rows: Sequence[Row], extra_lines: Sequence[str] = ()
) -> str:
    """Write rows as one sealed segment, as a pod does, and return its key."""
    lines = [
        json.dumps(
            {
                "input": row.text,
                "teacher": row.label,
                "task": row.task,
                "time": row.time.isoformat() if row.time else None,
                "session": row.session,
                "uniform": row.uniform,
                "model": row.model,
            }
        )
        for row in rows
    ]
    sealed_at = max(row.time for row in rows if row.time) + timedelta(seconds=1)
    key = segment_key(sealed_at, "pod-a", 1)
    content = "\n".join([*extra_lines, *lines, ""]).encode()
    store.write(key, zstandard.compress(content))
    return key
