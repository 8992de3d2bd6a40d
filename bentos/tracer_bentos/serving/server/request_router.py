"""The traffic port: who answers each request, and what is noted about it."""

import dataclasses
import logging
import time
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from tracer_bentos.protocols.adapter import Adapter, Answer, Asked, Rendered
from tracer_bentos.protocols.protocol_config import Speech
from tracer_bentos.protocols.registry import BETA_HEADERS, by_path
from tracer_bentos.serving.audits.auditor import Auditor
from tracer_bentos.serving.auth.authentication import Gate
from tracer_bentos.serving.decision.admission import Desk
from tracer_bentos.serving.http_server.exchange import (
    BodyTooLarge,
    ClientGone,
    Exchange,
    Headers,
    Receive,
    Scope,
    Send,
)
from tracer_bentos.serving.http_server.limits import Limits, Places
from tracer_bentos.serving.http_server.rejections import Refusal, refuse
from tracer_bentos.serving.http_server.tee import Tee
from tracer_bentos.serving.records import Admission, Caller, Deferral, Prediction
from tracer_bentos.serving.telemetry.counters import Counts, Fault
from tracer_bentos.serving.telemetry.latency import Leg
from tracer_bentos.serving.telemetry.request_recorder import Journal
from tracer_bentos.serving.upstream.proxy import Relay, Relayed
from tracer_bentos.serving.upstream.response_parser import read_copy
from tracer_bentos.serving.upstream.sticky_split import Diverter
from tracer_bentos.tasks.registry import TaskBook
from tracer_core.contracts.traces import Decision, TraceStatus

__all__ = ["Dispatcher"]

_log = logging.getLogger(__name__)

_NO_ANSWER: Final = Answer(TraceStatus.FAILED)
_TURNED_DOWN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Dispatcher:
    """The ASGI application that clients talk to."""

    def __init__(  # noqa: PLR0913 - everything is wired here, by name
        self,
        *,
        speech: Speech,
        tasks: TaskBook,
        desk: Desk,
        relay: Relay,
        diverter: Diverter,
        auditor: Auditor,
        journal: Journal,
        gate: Gate,
        counts: Counts,
        limits: Limits,
        revision: int,
        task_header: str,
    ) -> None:
        self._speech = speech
        self._adapters = by_path(speech.adapters)
        self._tasks = tasks
        self._desk = desk
        self._relay = relay
        self._diverter = diverter
        self._auditor = auditor
        self._journal = journal
        self._gate = gate
        self._counts = counts
        self._limits = limits
        self._places = Places(limits.at_once)
        self._revision = str(revision).encode()
        self._task_header = task_header
        self.draining = False
        """Whether clients shall be asked to open new connections elsewhere."""

    @property
    def under_way(self) -> int:
        """Requests that have not been answered to the end."""
        return self._places.taken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            return  # the teacher's protocols need nothing else
        self._counts.requests += 1
        exchange = Exchange(scope, receive, send)
        exchange.closing = self.draining
        adapter = self._adapters.get(exchange.raw_path)
        exchange.error_body = (
            adapter.error_body
            if adapter
            else self._speech.error_body(exchange.raw_path)
        )
        if not self._places.take():
            await self._refuse(exchange, Refusal.TOO_MANY)
            return
        try:
            await self._let_in(exchange, adapter)
        except ClientGone:
            _log.debug("a client left before its request was complete")
        finally:
            self._places.leave()

    async def _let_in(self, exchange: Exchange, adapter: Adapter | None) -> None:
        caller = self._gate.let_in(exchange)
        if caller is None:
            await self._refuse(exchange, Refusal.KEY_UNKNOWN)
        else:
            await self._take(exchange, adapter, caller)

    async def _take(
        self, exchange: Exchange, adapter: Adapter | None, caller: Caller
    ) -> None:
        if exchange.header("upgrade") == "websocket":
            await self._refuse(exchange, Refusal.WEBSOCKET)
            return
        if adapter is None or not _may_be_read(exchange):
            self._count(await self._relay.stream(exchange))
            return
        try:
            body = await exchange.whole(self._limits.request_bytes)
        except BodyTooLarge:
            await self._refuse(exchange, Refusal.TOO_LARGE)
            return
        exchange.began = time.perf_counter()
        asked = self._read(adapter, body)
        if asked is None:
            self._count(await self._relay.buffered(exchange, body))
        elif await self._diverter.taken(exchange, body):
            self._counts.diverted += 1
        else:
            await self._question(exchange, asked, body, caller)

    async def _question(
        self, exchange: Exchange, asked: Asked, body: bytes, caller: Caller
    ) -> None:
        admission = await self._admit(exchange, asked, caller)
        if admission is None:
            self._count(await self._relay.buffered(exchange, body))
            return
        if admission.repeated is not None and await self._repeat(exchange, admission):
            return
        rendered = None
        if admission.answer:
            admission, rendered = self._render(admission, admission.answer)
        self._journal.admitted(admission)
        if admission.answer and rendered:
            await self._answer(exchange, admission, admission.answer, rendered)
        else:
            await self._defer(exchange, body, admission)

    def _read(self, adapter: Adapter, body: bytes) -> Asked | None:
        try:
            return adapter.read(body)
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(Fault.ADMISSION, error)
            return None

    async def _admit(
        self, exchange: Exchange, asked: Asked, caller: Caller
    ) -> Admission | None:
        try:
            named = exchange.header(self._task_header)
            question = self._tasks.recognise(asked, named)
            return await self._desk.admit(exchange, question, caller)
        except RecursionError:
            return None  # nested too deep for anybody; no fault of ours
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(Fault.ADMISSION, error)
            return None

    async def _repeat(self, exchange: Exchange, admission: Admission) -> bool:
        """Give the teacher's earlier answer again; false when it cannot be written."""
        asked = admission.question.asked
        rendered = asked.adapter.render(asked, admission.repeated or "")
        if rendered is None:
            return False
        self._journal.cached(admission)
        headers = [
            (b"content-type", rendered.content_type.encode()),
            (asked.adapter.request_id.encode(), admission.id.encode()),
            (b"x-tracer-decision", Decision.CACHE.encode()),
        ]
        await exchange.answer(HTTPStatus.OK, headers, rendered.content)
        return True

    def _render(
        self, admission: Admission, answer: Prediction
    ) -> tuple[Admission, Rendered | None]:
        asked = admission.question.asked
        try:
            rendered = asked.adapter.render(asked, answer.label)
            reason = None if rendered else Deferral.NOT_HONOURED
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(Fault.SURROGATE, error)
            rendered, reason = None, Deferral.SURROGATE_FAILED
        return dataclasses.replace(admission, deferral=reason), rendered

    async def _answer(
        self,
        exchange: Exchange,
        admission: Admission,
        answer: Prediction,
        rendered: Rendered,
    ) -> None:
        ticket = self._auditor.admit(admission)
        self._journal.answered(admission)
        headers = self._headers(admission, answer, rendered)
        try:
            await exchange.answer(HTTPStatus.OK, headers, rendered.content)
        finally:
            self._took(Leg.SURROGATE, exchange)  # broken off by the client, too
            if ticket:
                self._auditor.begin(ticket, admission, exchange)

    def _headers(
        self, admission: Admission, answer: Prediction, rendered: Rendered
    ) -> Headers:
        return [
            (b"content-type", rendered.content_type.encode()),
            (
                admission.question.asked.adapter.request_id.encode(),
                admission.id.encode(),
            ),
            # Whether it is audited is nobody's business: the same word for both.
            (b"x-tracer-decision", Decision.SURROGATE.encode()),
            (b"x-tracer-revision", self._revision),
            (b"x-tracer-cell", quote(answer.cell, safe=" /:,;()").encode()),
        ]

    async def _defer(
        self, exchange: Exchange, body: bytes, admission: Admission
    ) -> None:
        tee, ticket = Tee(), self._auditor.admit(admission)
        answer: Answer | None = _NO_ANSWER
        self._took(Leg.TEACHER, exchange)
        try:
            relayed = await self._relay.buffered(exchange, body, tee)
            self._count(relayed)
            answer = self._taught(admission, relayed, tee)
        finally:
            if ticket and answer:
                self._auditor.settle(ticket, admission, answer)
            elif ticket:
                self._auditor.withdraw(ticket, admission)

    def _taught(
        self, admission: Admission, relayed: Relayed, tee: Tee
    ) -> Answer | None:
        """Note what the teacher said; none when it turned the caller down."""
        if relayed.status is not None:
            model = admission.question.model
            self._gate.answered(admission.caller, model, relayed.status)
        if relayed.status in _TURNED_DOWN:
            return None  # strangers' texts are neither kept nor counted
        answer = _NO_ANSWER
        try:
            answer = read_copy(admission.question.asked, tee, self._desk.redactor)
            self._journal.taught(admission, answer, relayed.latency_ms)
            if self._desk.cache and answer.label is not None:
                self._desk.cache.put(admission.question, admission.caller, answer.label)
        except Exception as error:  # noqa: BLE001 - the client has its answer already
            self._fault(Fault.TRACE, error)
        return answer

    async def _refuse(self, exchange: Exchange, refusal: Refusal) -> None:
        self._counts.refusals[refusal] += 1
        await refuse(exchange, refusal)

    def _took(self, leg: Leg, exchange: Exchange) -> None:
        self._counts.latencies.add(leg, time.perf_counter() - exchange.began)

    def _count(self, relayed: Relayed) -> None:
        if relayed.unreachable:
            self._counts.failed += 1
        elif relayed.status is not None:
            self._counts.teacher += 1

    def _fault(self, fault: Fault, error: Exception) -> None:
        self._counts.faults[fault] += 1
        _log.warning("%s failed: %s; the teacher answers", fault, type(error).__name__)


def _may_be_read(exchange: Exchange) -> bool:
    """Say whether an adapter knows what such a request means; it may still decline."""
    known = exchange.method == "POST" and not exchange.query
    return known and not any(exchange.header(name) for name in BETA_HEADERS)
