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

from tracer_bentos.http_client.connection import WireError
from tracer_bentos.serving.decision.policy_store import PolicyBox
from tracer_bentos.serving.decision.sampler import Coin
from tracer_bentos.serving.http_server.cancel_on_disconnect import UntilGone
from tracer_bentos.serving.http_server.exchange import ClientGone, Exchange, Headers
from tracer_bentos.serving.http_server.headers import from_teacher
from tracer_bentos.serving.upstream.teacher import (
    Arriving,
    TeacherUnreachable,
    Upstream,
)
from tracer_core.contracts.policy import Diversion

__all__ = ["Diverter"]

_log = logging.getLogger(__name__)

DIVERTED: Final = b"x-tracer-diverted"
"""Marks a request that has been handed over, so that it is not handed on."""

_NOT_TAKEN: Final = frozenset({502, 503, 504})
_OF_ONE_CONNECTION: Final = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"host",
        b"keep-alive",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        DIVERTED,
    }
)


class Diverter:
    """Hands requests over as the policy says."""

    def __init__(self, policies: PolicyBox, coin: Coin, session_header: str) -> None:
        self._policies = policies
        self._coin = coin
        self._session_header = session_header
        self._url = ""
        self._candidate: Upstream | None = None

    async def taken(self, exchange: Exchange, body: bytes) -> bool:
        """Say whether the candidate has answered; if not, nothing was sent yet."""
        diversion = self._policies.current.divert
        if diversion is None or not self._chosen(exchange, diversion):
            return False
        asked = time.perf_counter()
        try:
            async with UntilGone(exchange):
                taken = await self._hand_over(exchange, body, diversion)
        except ClientGone:
            return True  # nobody is left to answer
        # What the candidate took to decline is no time of this revision's.
        exchange.began += time.perf_counter() - asked
        return taken

    def close(self) -> None:
        """Close the connections."""
        if self._candidate:
            self._candidate.close()

    def _chosen(self, exchange: Exchange, diversion: Diversion) -> bool:
        if exchange.header(DIVERTED.decode()):
            return False
        session = exchange.header(self._session_header) or secrets.token_hex(16)
        return self._coin.position(session) < diversion.share

    async def _hand_over(
        self, exchange: Exchange, body: bytes, diversion: Diversion
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

    def _upstream(self, url: str) -> Upstream:
        if self._candidate is None or url != self._url:
            self.close()
            self._candidate, self._url = Upstream(f"{url.rstrip('/')}/v1"), url
        return self._candidate


def _headers(exchange: Exchange) -> Headers:
    """Give everything as the client sent it: the candidate asks for the same keys."""
    kept = [pair for pair in exchange.as_sent if pair[0] not in _OF_ONE_CONNECTION]
    return [*kept, (DIVERTED, b"1")]


async def _return(exchange: Exchange, response: Arriving) -> None:
    try:
        headers = from_teacher(response.headers, response.status)
        await exchange.start(response.status, headers)
        async for piece in response.pieces():
            await exchange.piece(piece)
        await exchange.end()
    except WireError as error:
        # The status is out: leaving the response unfinished tells the client.
        _log.info("the candidate broke off: %s", error)
