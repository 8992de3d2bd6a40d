"""Simulates one stream: the clock, the arrivals, and the totals."""

import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import zstandard

from benchmarks.cost_curve.board import Board
from benchmarks.cost_curve.levers import DAY_SECONDS, Levers
from benchmarks.cost_curve.requests import Wire
from benchmarks.cost_curve.streams import Call, Stream, Traffic
from tracer_bentos.store import open_store
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.contracts.store.layout import segment_key
from tracer_router.api import TracerRouter
from tracer_router.planning.state.plan import EventRecord

__all__ = ["play"]

START = datetime(2026, 11, 2, tzinfo=UTC)
LOOK = timedelta(seconds=15)
"""Interval of reconciliation and of sealed segments; not shorter than the interval
between requests."""
_FIRST_MARK = 250


@dataclass
class Books:
    """Cumulative costs and counts of the answers."""

    teacher: Decimal = Decimal(0)
    audits: Decimal = Decimal(0)
    pods: Decimal = Decimal(0)
    avoided: Decimal = Decimal(0)
    surrogate: int = 0
    agreed: int = 0
    marks: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)


class Play:
    """The simulation of one stream."""

    def __init__(self, stream: Stream, traffic: Traffic, folder: Path) -> None:
        self._stream = stream
        self._calls = traffic.calls
        self._store = open_store(StoreConfig(url=f"file://{folder / 'store'}"))
        self._gap = timedelta(seconds=DAY_SECONDS / stream.per_day)
        self._every = max(LOOK, self._gap)
        self._books = Books()
        self._levers = Levers(stream)
        self._wire = Wire(stream, traffic.prompt)
        self._done = 0
        self._segments = 0
        self._board = Board(
            _router(stream), self._store, folder / "pods", stream.seed, self._told
        )

    def run(self) -> dict[str, Any]:
        """Simulate all calls and return the result."""
        now = START
        for _ in range(4):  # a router that receives requests
            now += self._every
            self._board.turn(now)
        look, began = now + self._every, now
        for number, call in enumerate(self._calls):
            now += self._gap
            while look <= now:
                self._look(look)
                look += self._every
            seconds = Decimal(str(self._gap.total_seconds()))
            self._books.pods += self._board.cost_per_second() * seconds
            self._take(call, number, now, (now - began).total_seconds())
        self._look(look)
        return self._found()

    def _look(self, now: datetime) -> None:
        for pod in self._board.pods:
            records = pod.sealed()
            if records:
                self._segments += 1
                lines = b"".join(
                    each.model_dump_json(exclude_none=True).encode() + b"\n"
                    for each in records
                )
                key = segment_key(now - self._every / 2, pod.name, self._segments)
                self._store.write(key, zstandard.compress(lines))
        self._board.turn(now)

    def _take(self, call: Call, number: int, now: datetime, seconds: float) -> None:
        asked, books = self._wire.ask(call, number), self._books
        paid = self._levers.add(call, asked.question, seconds)
        pod = self._board.pod()
        found = pod.take(asked.exchange, asked.question, asked.teacher, now)
        if found.asked_teacher:
            books.teacher += paid
        else:
            books.avoided += paid
        if found.surrogate is not None:
            books.surrogate += 1
            books.agreed += found.surrogate == asked.teacher.label
            books.audits += paid if found.asked_teacher else 0
        self._done += 1
        last = self._done == len(self._calls)
        if last or _is_mark(self._done):
            books.marks.append(self._mark())

    def _mark(self) -> dict[str, Any]:
        books = self._books
        return {
            "calls": self._done,
            **{name: str(bill) for name, bill in self._levers.bills.items()},
            "router": str(books.teacher + books.pods),
            "paid_teacher": str(books.teacher),
            "paid_audits": str(books.audits),
            "paid_pods": str(books.pods),
            "surrogate": books.surrogate,
            "agreed": books.agreed,
        }

    def _told(self, now: datetime, happening: EventRecord) -> None:
        self._books.events.append(
            {
                "calls": self._done,
                "hours": round((now - START).total_seconds() / 3600, 2),
                "reason": happening.reason,
                "message": happening.message,
            }
        )

    def _found(self) -> dict[str, Any]:
        books, levers, status = self._books, self._levers, self._board.router.status
        meter = status.savings
        return {
            "name": self._stream.name,
            "set": self._stream.data,
            "model": self._stream.model,
            "target": self._stream.target,
            "margin": self._stream.margin,
            "seed": self._stream.seed,
            "per_day": self._stream.per_day,
            "live_audits": self._stream.live,
            "minimum": self._stream.minimum,
            "period": self._stream.period,
            "steps": list(self._stream.steps),
            "note": self._stream.note,
            "calls": self._done,
            "marks": books.marks,
            "events": books.events,
            "attempts": status.attempts,
            "repeats": levers.repeats,
            "cheaper_compared": levers.compared,
            "cheaper_alike": levers.alike,
            "truly_avoided": str(books.avoided),
            "meter": None if meter is None else meter.to_manifest(),
        }


def play(stream: Stream, traffic: Traffic) -> dict[str, Any]:
    """Simulate a stream from the first request of a new router to the last."""
    with tempfile.TemporaryDirectory(prefix="tracer-cost-") as folder:
        return Play(stream, traffic, Path(folder)).run()


def _is_mark(calls: int) -> bool:
    times, rest = divmod(calls, _FIRST_MARK)
    return not rest and times & (times - 1) == 0


def _router(stream: Stream) -> TracerRouter:
    resources = {"requests": {"cpu": "250m", "memory": "256Mi"}}
    spec = {
        "teacher": {"url": "http://teacher/v1"},
        "parity": {"target": stream.target, "margin": stream.margin},
        "access": {"mode": "Open"},
        "training": {"minimumTraces": stream.minimum},
        "rollout": {"period": stream.period, "steps": list(stream.steps)},
        "audit": {"live": stream.live},
        "traffic": {"gateway": {"name": "gw"}},
        "resources": resources,
    }
    metadata = {"name": "curve", "namespace": "default", "uid": "uid", "generation": 1}
    return TracerRouter.model_validate(
        {
            "apiVersion": "tracerml.ai/v1alpha1",
            "kind": "TracerRouter",
            "metadata": metadata,
            "spec": spec,
        }
    )
