"""The training Job's entry point: `python -m tracer_bentos.training`."""

import logging
import os
import sys
from pathlib import Path

from tracer_bentos.store import open_store
from tracer_bentos.training.job import run_attempt, summarise
from tracer_router.contracts import runtime
from tracer_router.contracts.training import AttemptRequest
from tracer_router.errors import TracerRouterError

__all__ = ["main"]

_log = logging.getLogger("tracer_bentos.training")
_TERMINATION_LOG = "/dev/termination-log"


def main() -> int:
    """Run the attempt that the mounted request names.

    A refusal is a result and exits with 0; 1 means that it may be tried again, which
    spends nothing: a result once written is given again.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        content = Path(os.environ[runtime.ATTEMPT_FILE]).read_bytes()
        request = AttemptRequest.from_json(content)
        result = run_attempt(open_store(os.environ), request)
        summary = summarise(result).to_json()
        Path(os.environ.get("TERMINATION_LOG", _TERMINATION_LOG)).write_bytes(summary)
    except (KeyError, OSError, TracerRouterError) as error:
        _log.error("attempt failed: %s", error)
        return 1
    _log.info("attempt %d: %s: %s", result.attempt, result.outcome, result.reason)
    return 0


if __name__ == "__main__":
    sys.exit(main())
