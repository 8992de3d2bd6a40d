"""The entry point of an attempt on many pods: each of its Indexed Job runs this module.

Index 0 schedules and drives, the others work. Dask's protocol is to run what one is
sent, and it asks nobody for a password: whoever reaches a port of these pods runs code
in them, beside the keys to the store. The Job's NetworkPolicy therefore lets only its
own pods in.
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
    """Do the part of this pod's index and give the exit code.

    A worker ends with 0 only once it has been let go; a Job takes that for done.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    # The first process of a container is deaf to SIGTERM unless it listens. Nothing is
    # left to tidy up: what is lost is computed again, a written result is given again.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(_TERMINATED))
    try:
        training = RuntimeConfig.from_environment(os.environ).training
        index = int(os.environ[runtime.COMPLETION_INDEX])
    except SpecError as error:
        _log.error("%s", error)
        return 1
    except (KeyError, ValueError) as error:
        _log.error("run this in an Indexed Job, as the operator makes it: %s", error)
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
