"""The entry point of an attempt on several pods: all pods of its Indexed Job run this.

Index 0 runs the scheduler and the attempt; the other indexes are workers. The protocol
of Dask executes received code without authentication: a client that reaches a port of
these pods can run code next to the keys of the store. Therefore the NetworkPolicy of
the Job allows only connections between its own pods.
"""

import logging
import os
import signal
import sys

from tracer_bentos.training.engine.dask_driver import SchedulerEndpoint, drive
from tracer_bentos.training.engine.dask_worker import work
from tracer_bentos.training.run.job import run_requested_attempt
from tracer_core.contracts import runtime
from tracer_core.contracts.runtime_config import RuntimeConfig
from tracer_core.errors import SpecError

__all__ = ["main"]

_log = logging.getLogger("tracer_bentos.training")
_TERMINATED = 128 + signal.SIGTERM


def main() -> int:
    """Run the part of the index of this pod, and return the exit code.

    A worker exits with 0 only after a shutdown by the driver, because a Job counts exit
    code 0 as completion.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    # The first process of a container ignores SIGTERM without a handler. No cleanup is
    # necessary: a retry computes lost results again, and returns a written result.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(_TERMINATED))
    try:
        training = RuntimeConfig.from_environment(os.environ).training
        index = int(os.environ[runtime.COMPLETION_INDEX])
    except SpecError as error:
        _log.error("%s", error)
        return 1
    except (KeyError, ValueError) as error:
        _log.error("must run in an Indexed Job of the operator: %s", error)
        return 1
    if training is None:
        _log.error("%s: training: is required", runtime.CONFIG)
        return 1
    host = os.environ.get(runtime.HOST)
    if index:
        return work(training.scheduler, host)
    endpoint = SchedulerEndpoint(training.scheduler, training.workers, host)
    return drive(endpoint, run_requested_attempt)


if __name__ == "__main__":
    sys.exit(main())
