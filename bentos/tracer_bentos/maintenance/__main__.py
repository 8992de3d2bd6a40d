"""The entry point of daily maintenance: `python -m tracer_bentos.maintenance`.

`--forget-session` and `--forget-id` store an erasure request before the run.
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
from tracer_core.contracts.runtime_config import RuntimeConfig
from tracer_core.contracts.store.maintenance import Erasure
from tracer_core.contracts.store.session_hash import SessionHash
from tracer_core.errors import RetryLater, TracerRouterError

__all__ = ["main", "maintain"]

_log = logging.getLogger("tracer_bentos.maintenance")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run once and return the exit code: 0, or 1 if a retry can succeed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forget-session", action="append", default=[])
    parser.add_argument("--forget-id", action="append", default=[])
    chosen = parser.parse_args(arguments)
    try:
        config = RuntimeConfig.from_environment(os.environ)
        maintain(config, chosen.forget_session, chosen.forget_id)
    except RetryLater as error:
        _log.info("%s", error)
    except TracerRouterError as error:
        _log.error("maintenance failed: %s", error)
        return 1
    return 0


def maintain(config: RuntimeConfig, sessions: Sequence[str], ids: Sequence[str]) -> str:
    """Store erasure requests, run maintenance once, and return a summary.

    Args:
        config: Names the store, the retention, and the teacher.
        sessions: Sessions to erase.
        ids: IDs of requests to erase.

    Raises:
        RetryLater: Another run is in progress; the erasure request is stored anyway.
        StoreError: The store did not respond.
    """
    store, now = open_store(config.traces.store), datetime.now(UTC)
    if sessions or ids:
        teacher = config.teacher.base_url if config.teacher else ""
        request_erasure(store, _erasure(store, teacher, sessions, ids, now))
    seconds = config.traces.retention_seconds
    retention = timedelta(seconds=seconds) if seconds else None
    done = run_maintenance(store, now, retention)
    summary = (
        f"{done.compacted} small segments merged into {done.written}; deleted:"
        f" {done.cleared} replaced and {done.expired} expired segments;"
        f" {done.erased} records erased"
    )
    _log.info("%s", summary)
    return summary


def _erasure(
    store: TraceStore,
    teacher: str,
    sessions: Sequence[str],
    ids: Sequence[str],
    now: datetime,
) -> Erasure:
    # The hash that traces contain; the session itself is not stored.
    session_hash = SessionHash(teacher, store.url)
    hashes = tuple(sorted(session_hash.pseudonym(session) for session in sessions))
    return Erasure(sessions=hashes, ids=tuple(sorted(ids)), asked=now)


if __name__ == "__main__":
    sys.exit(main())
