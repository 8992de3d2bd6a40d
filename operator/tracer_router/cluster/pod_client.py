"""The internal port of data-plane pods: push the policy, get the evidence."""

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
    """`Pods` over HTTP; one pooled session for all of them."""

    def __init__(
        self, session: aiohttp.ClientSession, port: int = INTERNAL_PORT
    ) -> None:
        self._session = session
        self._port = port

    async def push(self, address: str, policy: PolicyDocument) -> Evidence | None:
        """Push the policy and give the pod's evidence; None when it did not answer.

        A pod that is starting or gone does not answer: that is expected, and its
        counts are read at the next poll or kept from the last.
        """
        url = f"http://{address}:{self._port}/evidence"
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_SECONDS)
        try:
            async with self._session.post(
                url, data=policy.to_json(), timeout=timeout
            ) as answer:
                answer.raise_for_status()
                return Evidence.from_json(await answer.read())
        except (aiohttp.ClientError, TimeoutError) as error:
            _LOG.info("pod %s gave no evidence: %s", address, error or type(error))
        except DocumentError as error:
            _LOG.warning("pod %s: %s", address, error)
        return None
