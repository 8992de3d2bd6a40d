"""The entry point of the daily upkeep: `python -m tracer_bentos.maintenance`.

`--forget-session` and `--forget-id` write down whom to forget before it begins.
"""

import argparse
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tracer_bentos.maintenance.erasure import request_erasure
from tracer_bentos.maintenance.maintenance_run import run_maintenance
from tracer_bentos.store import TraceStore, open_store
from tracer_core.contracts import runtime
from tracer_core.contracts.maintenance import Erasure
from tracer_core.contracts.session_hash import SessionHash
from tracer_core.errors import RetryLater, TracerRouterError

__all__ = ["main", "maintain"]

_log = logging.getLogger("tracer_bentos.maintenance")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once; 0 is success, 1 that it may be tried again."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forget-session", action="append", default=[])
    parser.add_argument("--forget-id", action="append", default=[])
    chosen = parser.parse_args(arguments)
    seconds = os.environ.get(runtime.RETENTION_SECONDS)
    retention = timedelta(seconds=int(seconds)) if seconds else None
    try:
        maintain(os.environ, retention, chosen.forget_session, chosen.forget_id)
    except RetryLater as error:
        _log.info("%s", error)
    except TracerRouterError as error:
        _log.error("upkeep failed: %s", error)
        return 1
    return 0


def maintain(
    environment: "os._Environ[str] | dict[str, str]",
    retention: timedelta | None,
    sessions: Sequence[str],
    ids: Sequence[str],
) -> str:
    """Write down whom to forget, run the upkeep once and say what it has done.

    Raises:
        RetryLater: Another run is in progress; the erasure request is stored anyway.
        StoreError: The store did not answer.
    """
    store, now = open_store(environment), datetime.now(UTC)
    if sessions or ids:
        teacher = environment.get(runtime.TEACHER_URL, "").rstrip("/")
        request_erasure(store, _erasure(store, teacher, sessions, ids, now))
    done = run_maintenance(store, now, retention)
    said = (
        f"{done.taken} small segments put into {done.made}, {done.cleared} replaced"
        f" and {done.expired} old ones deleted, {done.forgotten} records forgotten"
    )
    _log.info("%s", said)
    return said


def _erasure(
    store: TraceStore,
    teacher: str,
    sessions: Sequence[str],
    ids: Sequence[str],
    now: datetime,
) -> Erasure:
    # The hash that traces hold; the session itself is written nowhere.
    hashed = SessionHash(teacher, store.url)
    hashes = tuple(sorted(hashed.pseudonym(each) for each in sessions))
    return Erasure(sessions=hashes, ids=tuple(sorted(ids)), asked=now)


if __name__ == "__main__":
    sys.exit(main())
