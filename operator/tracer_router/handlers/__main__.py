"""`python -m tracer_router.handlers`: the operator's process."""

import asyncio
import logging
import os

import kopf

from tracer_router.handlers.bootstrap import build_operator
from tracer_router.resources.installation import Installation

__all__ = ["main"]


def main() -> None:
    """Run the operator until it is stopped."""
    logging.basicConfig(
        level=os.environ.get("TRACER_LOG_LEVEL", "INFO"),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for noisy in ("kopf", "aiohttp.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    installation = Installation.from_environment(os.environ)
    registry, settings = build_operator(installation)
    asyncio.run(
        kopf.operator(
            registry=registry,
            settings=settings,
            namespaces=[installation.namespace],
            liveness_endpoint="http://0.0.0.0:8080/healthz",
            standalone=True,
        )
    )


if __name__ == "__main__":
    main()
