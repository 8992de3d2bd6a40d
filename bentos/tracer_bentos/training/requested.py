"""The attempt that a Job was made for: its mounted request in, its last word out."""

import logging
import os
from pathlib import Path

from tracer_bentos.store import open_store
from tracer_bentos.training.engine import Engine
from tracer_bentos.training.job import run_attempt, summarise
from tracer_router.contracts import runtime
from tracer_router.contracts.training import AttemptRequest
from tracer_router.errors import TracerRouterError

__all__ = ["answer_request"]

_log = logging.getLogger("tracer_bentos.training")
_TERMINATION_LOG = "/dev/termination-log"


def answer_request(engine: Engine | None = None) -> int:
    """Run the attempt that the mounted request names and give the exit code.

    A refusal is a result and exits with 0; 1 means that it may be tried again, which
    spends nothing: a result once written is given again.

    Args:
        engine: Where pieces are computed; threads of this process when none is named.
    """
    try:
        content = Path(os.environ[runtime.ATTEMPT_FILE]).read_bytes()
        request = AttemptRequest.from_json(content)
        mounted = os.environ.get(runtime.EMBEDDER_FOLDER)
        folder = Path(mounted) if mounted else None
        result = run_attempt(open_store(os.environ), request, engine, folder)
        summary = summarise(result).to_json()
        Path(os.environ.get("TERMINATION_LOG", _TERMINATION_LOG)).write_bytes(summary)
    except (KeyError, OSError, TracerRouterError) as error:
        _log.error("attempt failed: %s", error)
        return 1
    _log.info("attempt %d: %s: %s", result.attempt, result.outcome, result.reason)
    return 0
