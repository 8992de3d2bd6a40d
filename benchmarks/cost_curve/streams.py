"""Streams of real requests: data sets, teachers, order, and rate.

A text occurs as often as in its data set. No text is repeated to extend a stream,
because repeats would favor both cache and surrogate. Sets that are ordered by time keep
their order; all others are shuffled by a seed.
"""

import dataclasses
import gzip
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from examples.recorded_teacher.completion import usage
from examples.recorded_teacher.recordings import read_recordings

__all__ = ["DEMO", "STREAMS", "Call", "Stream", "Traffic", "read_traffic"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request with the answer of the teacher."""

    text: str
    """The text of the user."""
    label: str
    """The answer of the teacher."""
    cheaper: str | None
    """The answer of the cheaper model, if the set contains it."""
    instructions: int
    """Tokens of the prompt without the text of the user."""
    tokens: int
    """Tokens of the text of the user."""
    answer: int
    """Tokens of the answer."""
    cheaper_tokens: int | None = None
    """Tokens of the whole request to the cheaper model, if they differ."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream and the settings of its router."""

    name: str
    """Name of the stream."""
    data: str
    """The data set."""
    model: str
    """The price of the teacher."""
    target: str
    """Target agreement."""
    seed: int = 1
    """Seed of the order and of the split of the traffic."""
    per_day: int = 20_000
    """Requests per day, at a constant rate."""
    minimum: int = 1000
    """Labelled traces before the first attempt."""
    margin: str = "1%"
    """How far the live agreement may be below the target at promotion."""
    live: str = "10%"
    """Share of the sessions that are audited at full weight."""
    steps: tuple[str, ...] = ("25%", "100%")
    """Weights of a rollout."""
    period: str = "1h"
    """One period of the traffic."""
    timed: bool = False
    """Whether the set is ordered by time."""
    cheaper: str | None = None
    """Model of the set whose answers are those of the cheaper model."""
    changes_at: float | None = None
    """Position in the stream from which the teacher gives other answers."""
    note: str = ""
    """Note for readers."""


DEMO = "examples/recorded_teacher/data"
"""Name of the questions of the demo, which are part of the repository."""

STREAMS = (
    *(
        Stream(f"BANKING77, order {seed}", "banking77", "gpt-4o", "95%", seed)
        for seed in (1, 2)
    ),
    Stream(
        "the demo's questions",
        DEMO,
        "gpt-4",
        "90%",
        minimum=3000,
        margin="3%",
        note="BANKING77 with labels of GPT-4 if available, otherwise of people",
    ),
    Stream(
        "BANKING77 by GPT-4 alone",
        "llm_banking77_gpt4",
        "gpt-4",
        "85%",
        cheaper="gpt-3.5-turbo",
        note="the stream ends soon after its rollout",
    ),
    Stream("AG News", "ag_news_test", "gpt-4o", "90%"),
    Stream("TREC questions", "trec6", "gpt-4o", "90%"),
    Stream(
        "Overruling by GPT-4",
        "llm_overruling_12models_costs",
        "recorded",
        "90%",
        minimum=500,
        cheaper="gpt-3.5-turbo",
    ),
    Stream(
        "Log lines of ZooKeeper",
        "llm_logs_zookeeper_tokens",
        "gpt-4o",
        "90%",
        minimum=500,
        timed=True,
        note="two of three lines are exact repeats",
    ),
    Stream("SNLI", "snli_dev", "gpt-4o", "90%", note="nothing can be certified"),
    Stream(
        "BANKING77, the teacher changes",
        "banking77",
        "gpt-4o",
        "95%",
        changes_at=0.5,
        note="the second half has other labels for 20 of 77 intents",
    ),
)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The stream."""

    prompt: str
    """The system prompt."""
    calls: Sequence[Call]
    """The requests in order."""


def read_traffic(stream: Stream, folder: Path) -> Traffic:
    """Return the requests of a stream."""
    rows = _rows(stream, folder)
    if not stream.timed:
        random.Random(stream.seed).shuffle(rows)  # noqa: S311 - an order, not a secret
    prompt = _prompt(rows)
    calls = [_call(stream, row, prompt) for row in rows]
    return Traffic(prompt, _changed(calls, stream.changes_at))


def _rows(stream: Stream, folder: Path) -> list[dict[str, Any]]:
    if stream.data == DEMO:
        found = read_recordings().values()
        return [{"input": each.text, "teacher": each.label} for each in found]
    path = folder / f"{stream.data}.jsonl.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def _prompt(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return a typical prompt: one decision with a closed set of answers."""
    labels = sorted({str(row["teacher"]) for row in rows})
    said = ", ".join(labels) if len(labels) <= 200 else "a template with <*>"  # noqa: PLR2004
    return (
        "You classify messages. Answer with exactly one of these and nothing else: "
        f"{said}."
    )


def _call(stream: Stream, row: Mapping[str, Any], prompt: str) -> Call:
    text, label = str(row["input"]), str(row["teacher"])
    user = {"role": "user", "content": text}
    whole = usage([{"role": "system", "content": prompt}, user], label)
    mine = usage([user], label)["prompt_tokens"]
    others = row.get("teachers") or {}
    call = Call(
        text=text,
        label=label,
        cheaper=others.get(stream.cheaper),
        instructions=whole["prompt_tokens"] - mine,
        tokens=mine,
        answer=whole["completion_tokens"],
    )
    return _measured(call, row, stream)


def _measured(call: Call, row: Mapping[str, Any], stream: Stream) -> Call:
    """Return the call with the counts or costs of the set, if it has them."""
    if "costs" in row:
        paid = round(row["teacher_cost_usd"] * 1_000_000)
        mine = min(
            paid, call.tokens * 30
        )  # the text of the user, at the price of GPT-4
        less = round(row["costs"][stream.cheaper] * 1_000_000)
        return dataclasses.replace(
            call, instructions=paid - mine, tokens=mine, answer=0, cheaper_tokens=less
        )
    if "prompt_tokens" in row:
        counted = int(row["prompt_tokens"])
        return dataclasses.replace(
            call,
            instructions=max(counted - call.tokens, 0),
            tokens=min(call.tokens, counted),
            answer=int(row["completion_tokens"]),
        )
    return call


def _changed(calls: list[Call], at: float | None) -> list[Call]:
    if at is None:
        return calls
    labels = sorted({each.label for each in calls})
    moved = dict(zip(labels[:20], [*labels[1:20], labels[0]], strict=True))
    start = round(at * len(calls))
    later: Callable[[Call], Call] = lambda call: dataclasses.replace(  # noqa: E731
        call, label=moved.get(call.label, call.label)
    )
    return [*calls[:start], *map(later, calls[start:])]
