"""The sticky split: stable pods hand a share of the sessions over to the candidate's.

For Service NAME and for clusters without Gateway API, where nothing before pods can
split the traffic. A hash gives a session its place, so that it stays where it is while
the share rises. What the candidate does not take, this pod answers itself: nothing but
questions is handed over, and those have no effects beyond their answer.
"""

import logging
import secrets
import time
from typing import Final

from tracer_bentos.http_client.connection import TransportError
from tracer_bentos.serving.decision.policy_store import PolicyStore
from tracer_bentos.serving.decision.sampler import SessionSampler
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
"""Marks a request that has been handed over, so that it is not handed on."""

_NOT_TAKEN: Final = frozenset({502, 503, 504})
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
    """Hands requests over as the policy says."""

    def __init__(
        self, policies: PolicyStore, coin: SessionSampler, session_header: str
    ) -> None:
        self._policies = policies
        self._coin = coin
        self._session_header = session_header
        self._url = ""
        self._candidate: TeacherClient | None = None

    async def try_forward(self, exchange: HttpExchange, body: bytes) -> bool:
        """Say whether the candidate has answered; if not, nothing was sent yet."""
        diversion = self._policies.current.divert
        if diversion is None or not self._is_selected(exchange, diversion):
            return False
        asked = time.perf_counter()
        try:
            async with CancelOnDisconnect(exchange):
                taken = await self._forward(exchange, body, diversion)
        except ClientDisconnected:
            return True  # nobody is left to answer
        # What the candidate took to decline is no time of this revision's.
        exchange.began += time.perf_counter() - asked
        return taken

    def close(self) -> None:
        """Close the connections."""
        if self._candidate:
            self._candidate.close()

    def _is_selected(self, exchange: HttpExchange, diversion: Diversion) -> bool:
        if exchange.header(DIVERTED_HEADER.decode()):
            return False
        session = exchange.header(self._session_header) or secrets.token_hex(16)
        return self._coin.position(session) < diversion.share

    async def _forward(
        self, exchange: HttpExchange, body: bytes, diversion: Diversion
    ) -> bool:
        candidate = self._upstream(diversion.url)
        target = candidate.target(exchange.raw_path)
        headers = _headers(exchange)
        try:
            response = await candidate.ask(
                exchange.method, target, headers, body, repeatable=True
            )
        except TeacherUnreachable:
            return False  # it has said so in the log
        async with response:
            if response.status in _NOT_TAKEN:
                return False
            await _return(exchange, response)
        return True

    def _upstream(self, url: str) -> TeacherClient:
        if self._candidate is None or url != self._url:
            self.close()
            self._candidate, self._url = TeacherClient(f"{url.rstrip('/')}/v1"), url
        return self._candidate


def _headers(exchange: HttpExchange) -> Headers:
    """Give everything as the client sent it: the candidate asks for the same keys."""
    kept = [pair for pair in exchange.as_sent if pair[0] not in _HOP_BY_HOP]
    return [*kept, (DIVERTED_HEADER, b"1")]


async def _return(exchange: HttpExchange, response: UpstreamResponse) -> None:
    try:
        headers = response_headers(response.headers, response.status)
        await exchange.start(response.status, headers)
        async for piece in response.iter_body():
            await exchange.send_chunk(piece)
        await exchange.end()
    except TransportError as error:
        # The status is out: leaving the response unfinished tells the client.
        _log.info("the candidate broke off: %s", error)
