"""Serve the recorded teacher: ``python -m recorded_teacher``.

Environment: ``PORT`` (8000), ``HOST`` (all addresses), ``TEACHER_KEY`` (if set, clients
must send it), ``TEACHER_LATENCY_SCALE`` (1.0).
"""

import os

import uvicorn

from .app import RecordedTeacher, Settings
from .recordings import read_recordings


def main() -> None:
    """Serve until stopped by a signal; requests in flight complete first."""
    settings = Settings(
        key=os.environ.get("TEACHER_KEY") or None,
        latency_scale=float(os.environ.get("TEACHER_LATENCY_SCALE", "1")),
    )
    uvicorn.run(
        RecordedTeacher(read_recordings(), settings),
        host=os.environ.get("HOST", "0.0.0.0"),  # noqa: S104 - a pod's own address
        port=int(os.environ.get("PORT", "8000")),
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_keep_alive=75,
        timeout_graceful_shutdown=20,
    )


if __name__ == "__main__":
    main()
