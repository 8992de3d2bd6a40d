"""The sticky split: stable pods forward a share of the sessions to candidate pods.

It is used for the Service of a router and in clusters without Gateway API, where no
component before the pods can split the traffic. A hash assigns each session a fixed
position, so that a forwarded session stays with the candidate while the share rises. If
the candidate does not accept a request, the stable pod answers it. Only questions are
forwarded, and questions have no effects beyond their answer.
"""

import logging
import secrets
import time
from typing import Final

from tracer_bentos.http_client.connection import TransportError
from tracer_bentos.serving.decision.audit_sampler import SessionSampler
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.http_server.cancel_on_disconnect import CancelOnDisconnect
from tracer_bentos.serving.http_server.exchange import (
    ClientDisconnected,
    Headers,
    HttpExchange,
)
from tracer_bentos.serving.http_server.headers import response_headers
from tracer_bentos.serving.upstream.teacher import (
    TeacherClient,
    TeacherUnreachable,
    UpstreamResponse,
)
from tracer_core.contracts.policy import Diversion

__all__ = ["StickySplit"]

_log = logging.getLogger(__name__)

DIVERTED_HEADER: Final = b"x-tracer-diverted"
"""Marks a forwarded request, so that the candidate does not forward it again."""

_NOT_ACCEPTED: Final = frozenset({502, 503, 504})
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        DIVERTED_HEADER,
    }
)


class StickySplit:
    """Forwards requests to the candidate as the policy defines."""

    def __init__(
        self, policy_store: PolicyStore, sampler: SessionSampler, session_header: str
    ) -> None:
        self._policy_store = policy_store
        self._sampler = sampler
        self._session_header = session_header
        self._url = ""
        self._candidate: TeacherClient | None = None

    async def try_forward(self, exchange: HttpExchange, body: bytes) -> bool:
        """Return whether the candidate answered; if not, nothing was sent yet."""
        diversion = self._policy_store.current.divert
        if diversion is None or not self._is_selected(exchange, diversion):
            return False
        start = time.perf_counter()
        try:
            async with CancelOnDisconnect(exchange):
                accepted = await self._forward(exchange, body, diversion)
        except ClientDisconnected:
            return True  # there is no client to answer
        # The latency of this revision excludes the time that the candidate took.
        exchange.latency_start += time.perf_counter() - start
        return accepted

    def close(self) -> None:
        """Close the connections to the candidate."""
        if self._candidate:
            self._candidate.close()

    def _is_selected(self, exchange: HttpExchange, diversion: Diversion) -> bool:
        if exchange.header(DIVERTED_HEADER.decode()):
            return False
        session = exchange.header(self._session_header) or secrets.token_hex(16)
        return self._sampler.position(session) < diversion.share

    async def _forward(
        self, exchange: HttpExchange, body: bytes, diversion: Diversion
    ) -> bool:
        candidate = self._client(diversion.url)
        target = candidate.target(exchange.raw_path, exchange.query)
        headers = _request_headers(exchange)
        try:
            response = await candidate.send(
                exchange.method, target, headers, body, retryable=True
            )
        except TeacherUnreachable:
            return False  # the client logged the cause
        async with response:
            if response.status in _NOT_ACCEPTED:
                return False
            await _send_response(exchange, response)
        return True

    def _client(self, url: str) -> TeacherClient:
        if self._candidate is None or url != self._url:
            self.close()
            self._candidate, self._url = TeacherClient(f"{url.rstrip('/')}/v1"), url
        return self._candidate


def _request_headers(exchange: HttpExchange) -> Headers:
    """Return the headers from the client; the candidate requires the same keys."""
    forwarded = [
        header for header in exchange.original_headers if header[0] not in _HOP_BY_HOP
    ]
    return [*forwarded, (DIVERTED_HEADER, b"1")]


async def _send_response(exchange: HttpExchange, response: UpstreamResponse) -> None:
    try:
        headers = response_headers(response.headers, response.status)
        await exchange.start(response.status, headers)
        async for chunk in response.iter_body():
            await exchange.send_chunk(chunk)
        await exchange.end()
    except TransportError as error:
        # The status is already sent; an incomplete response shows the failure.
        _log.info("response of the candidate is incomplete: %s", error)
