"""A client of the internal port of data-plane pods: policy and evidence."""

import logging

import aiohttp

from tracer_core.constants import INTERNAL_PORT
from tracer_core.contracts.evidence import Evidence
from tracer_core.contracts.policy import PolicyDocument
from tracer_core.errors import DocumentError

__all__ = ["HttpPodClient"]

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 3


class HttpPodClient:
    """A `PodClient` over HTTP, with one pooled session for all pods."""

    def __init__(
        self, session: aiohttp.ClientSession, port: int = INTERNAL_PORT
    ) -> None:
        self._session = session
        self._port = port

    async def push(self, address: str, policy: PolicyDocument) -> Evidence | None:
        """Push the policy, and return the evidence; None if the pod does not answer.

        It is expected that a starting or terminated pod does not answer. Its counts are
        read at the next poll, or kept from the last one.
        """
        url = f"http://{address}:{self._port}/evidence"
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        try:
            async with self._session.post(
                url, data=policy.to_json(), timeout=timeout
            ) as response:
                response.raise_for_status()
                return Evidence.from_json(await response.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            _LOG.info("pod %s returned no evidence: %s", address, error or type(error))
        except DocumentError as error:
            _LOG.warning("pod %s returned unreadable evidence: %s", address, error)
        return None
