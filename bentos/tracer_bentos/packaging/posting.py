"""Posting JSON to an endpoint, over connections that are kept from call to call."""

import os
from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from tracer_bentos.proxies import proxy_authorization, proxy_before

__all__ = ["PostError", "post"]

_KEPT: Final = 64
"""Idle connections to one endpoint: as many as ask at once."""


class PostError(Exception):
    """Nothing usable came back; the message says what did, in a few words."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """Status of the response; none when there was none."""


def post(url: str, content: bytes, headers: Mapping[str, str], seconds: float) -> bytes:
    """Give the body of the response.

    Goes nowhere else: what is sent is for the endpoint that was named. A connection
    that was closed while it rested is opened again.

    Args:
        url: Where to.
        content: The request's body.
        headers: Its headers.
        seconds: Longest that it may take, over one connection.

    Raises:
        PostError: No response, a broken one, or one that is no success.
    """
    manager = _manager(os.getpid(), proxy_before(*_server(url)))
    for closed_before in (False, True):
        try:
            answer = manager.request(
                "POST",
                url,
                body=content,
                headers=dict(headers),
                timeout=urllib3.Timeout(total=seconds),
                retries=False,
                redirect=False,
            )
        except ProtocolError as error:
            if closed_before or not _was_closed(error):
                raise PostError(type(error).__name__) from error
        except HTTPError as error:
            raise PostError(type(error).__name__) from error
        else:
            break
    if answer.status != HTTPStatus.OK:
        raise PostError(f"HTTP {answer.status}", answer.status)
    return answer.data


def _server(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or ""


def _was_closed(error: ProtocolError) -> bool:
    return any(isinstance(each, ConnectionError) for each in error.args)


@cache
def _manager(process: int, proxy: str | None) -> urllib3.PoolManager:
    """Give the connections of a process: a forked one must not use its parent's."""
    del process
    if proxy is None:
        return urllib3.PoolManager(maxsize=_KEPT)
    parts = urlsplit(proxy)
    basic = proxy_authorization(proxy)
    headers = {"proxy-authorization": basic} if basic else None
    where = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    return urllib3.ProxyManager(where, maxsize=_KEPT, proxy_headers=headers)
