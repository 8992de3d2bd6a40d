"""The traffic port: who answers each request, and what is noted about it."""

import dataclasses
import logging
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

from tracer_bentos.serving.access import Gate
from tracer_bentos.serving.admission import Admission, Desk
from tracer_bentos.serving.audit import Auditor
from tracer_bentos.serving.counts import Counts, Fault
from tracer_bentos.serving.decide import Deferral, Prediction
from tracer_bentos.serving.exchange import (
    BodyTooLarge,
    ClientGone,
    Exchange,
    Headers,
    Receive,
    Scope,
    Send,
)
from tracer_bentos.serving.journal import Journal
from tracer_bentos.serving.protocols.adapter import Adapter, Rendered
from tracer_bentos.serving.reading import read_copy
from tracer_bentos.serving.relay import Relay, Relayed
from tracer_bentos.serving.tee import Tee
from tracer_router.contracts.traces import Decision

__all__ = ["Dispatcher"]

_log = logging.getLogger(__name__)

_TURNED_DOWN: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Dispatcher:
    """The ASGI application that clients talk to."""

    def __init__(  # noqa: PLR0913 - everything is wired here, by name
        self,
        *,
        adapter: Adapter,
        desk: Desk,
        relay: Relay,
        auditor: Auditor,
        journal: Journal,
        gate: Gate,
        counts: Counts,
        revision: int,
        task_header: str,
    ) -> None:
        self._adapter = adapter
        self._desk = desk
        self._relay = relay
        self._auditor = auditor
        self._journal = journal
        self._gate = gate
        self._counts = counts
        self._revision = str(revision).encode()
        self._task_header = task_header
        self._path = adapter.path.encode()
        self.draining = False
        """Whether clients shall be asked to open new connections elsewhere."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Take one request."""
        if scope["type"] != "http":
            return  # the teacher's protocols need nothing else
        self._counts.requests += 1
        exchange = Exchange(scope, receive, send)
        exchange.closing = self.draining
        try:
            await self._take(exchange)
        except ClientGone:
            _log.debug("a client left before its request was complete")

    async def _take(self, exchange: Exchange) -> None:
        mine = exchange.method == "POST" and exchange.raw_path == self._path
        if not mine or exchange.query:
            self._count(await self._relay.stream(exchange))
            return
        try:
            body = await exchange.whole()
        except BodyTooLarge:
            await self._too_large(exchange)
            return
        await self._question(exchange, body)

    async def _question(self, exchange: Exchange, body: bytes) -> None:
        admission = self._admit(exchange, body)
        if admission is None:
            self._count(await self._relay.buffered(exchange, body))
            return
        rendered = None
        if admission.answer:
            admission, rendered = self._render(admission, admission.answer)
        self._journal.admitted(admission)
        if admission.answer and rendered:
            await self._answer(exchange, admission, admission.answer, rendered)
        else:
            await self._defer(exchange, body, admission)

    def _admit(self, exchange: Exchange, body: bytes) -> Admission | None:
        try:
            named = exchange.header(self._task_header)
            question = self._adapter.read(body, named)
            return self._desk.admit(exchange, question) if question else None
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(Fault.ADMISSION, error)
            return None

    def _render(
        self, admission: Admission, answer: Prediction
    ) -> tuple[Admission, Rendered | None]:
        try:
            return admission, self._adapter.render(admission.question, answer.label)
        except Exception as error:  # noqa: BLE001 - whatever it is, the teacher answers
            self._fault(Fault.SURROGATE, error)
            failed = Deferral.SURROGATE_FAILED
            return dataclasses.replace(admission, deferral=failed), None

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
            if ticket:
                self._auditor.begin(ticket, admission, exchange)

    def _headers(
        self, admission: Admission, answer: Prediction, rendered: Rendered
    ) -> Headers:
        return [
            (b"content-type", rendered.content_type.encode()),
            (b"x-request-id", admission.id.encode()),
            # Whether it is audited is nobody's business: the same word for both.
            (b"x-tracer-decision", Decision.SURROGATE.encode()),
            (b"x-tracer-revision", self._revision),
            (b"x-tracer-cell", quote(answer.cell, safe=" /:,;()").encode()),
        ]

    async def _defer(
        self, exchange: Exchange, body: bytes, admission: Admission
    ) -> None:
        tee = Tee()
        relayed = await self._relay.buffered(exchange, body, tee)
        self._count(relayed)
        if relayed.status in _TURNED_DOWN:
            # Strangers' texts are neither kept nor counted against the teacher.
            self._gate.refused(admission.caller)
            return
        if relayed.status == HTTPStatus.OK:
            self._gate.accepted(admission.caller)
        try:
            answer = read_copy(self._adapter, tee)
            self._journal.taught(admission, answer, relayed.latency_ms)
        except Exception as error:  # noqa: BLE001 - the client has its answer already
            self._fault(Fault.TRACE, error)

    async def _too_large(self, exchange: Exchange) -> None:
        self._counts.failed += 1
        exchange.closing = True  # the rest of the body is not read
        await exchange.refuse(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "The request body is larger than 16 MiB, which this router reads at most.",
            "invalid_request_error",
            "request_too_large",
        )

    def _count(self, relayed: Relayed) -> None:
        if relayed.unreachable:
            self._counts.failed += 1
        elif relayed.status is not None:
            self._counts.teacher += 1

    def _fault(self, fault: Fault, error: Exception) -> None:
        self._counts.faults[fault] += 1
        _log.warning("%s failed: %s; the teacher answers", fault, type(error).__name__)
