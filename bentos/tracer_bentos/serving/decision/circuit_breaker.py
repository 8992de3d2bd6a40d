"""Self-demotion: a pod stops its surrogate on a task that fails grossly, by itself.

What it has seen is kept beside the spool, so that a boot of the same pod goes on where
the last one ended. The operator makes a stop hold for every pod of the revision.
"""

import logging
import os
from pathlib import Path

from tracer_bentos.serving.telemetry.ordered_results import AuditOutcome
from tracer_core.contracts.document import Document
from tracer_core.errors import DocumentError
from tracer_core.stats.sequential.gross_failure import GrossFailure

__all__ = ["CircuitBreaker"]

_log = logging.getLogger(__name__)

_FILE = "demotion.json"


class _PersistedBreaker(Document):
    """R of one task, and whether it has led to a stop."""

    logs: tuple[float | None, ...]
    stopped: bool


class _BreakerFile(Document):
    bundle: str
    tasks: dict[str, _PersistedBreaker]


class CircuitBreaker:
    """Watches the audits of one bundle, task by task."""

    def __init__(self, folder: Path, bundle: str | None) -> None:
        self._file = folder / _FILE
        self._bundle = bundle
        self._detectors: dict[str, GrossFailure] = {}
        self._changed = False
        self.stopped: set[str] = set()
        """Tasks that this pod leaves to the teacher."""

    def record(self, task: str, verdict: AuditOutcome, target: float) -> None:
        """Note a counted audit of a task."""
        before = self._detectors.get(task, GrossFailure())
        disagreed = verdict is AuditOutcome.DISAGREED
        after = before.after(disagreed=disagreed, target=target)
        self._detectors[task] = after
        self._changed = True
        if after.found and task not in self.stopped:
            self.stopped.add(task)
            _log.error(
                "task %s: the surrogate fails grossly in audits; the teacher answers",
                task,
            )

    def load(self) -> None:
        """Read what an earlier boot has seen of the same bundle."""
        try:
            memory = _BreakerFile.from_json(self._file.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, DocumentError) as error:
            _log.warning("%s cannot be read, so begins anew: %s", self._file, error)
            return
        if memory.bundle == self._bundle:
            for task, kept in memory.tasks.items():
                self._detectors[task] = GrossFailure(_floats(kept.logs))
                if kept.stopped:
                    self.stopped.add(task)

    def save(self) -> None:
        """Write what has been seen, if anything is new; called off the event loop."""
        if not self._changed or self._bundle is None:
            return
        self._changed = False
        tasks = {
            task: _PersistedBreaker(
                logs=_finite(found.logs), stopped=task in self.stopped
            )
            for task, found in list(self._detectors.items())
        }
        content = _BreakerFile(bundle=self._bundle, tasks=tasks).to_json()
        partial = self._file.with_suffix(".partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            os.replace(partial, self._file)  # noqa: PTH105 - atomic, and says so
        except OSError as error:
            _log.warning("%s cannot be written: %s", self._file, error)


def _finite(logs: tuple[float, ...]) -> tuple[float | None, ...]:
    return tuple(log if log > float("-inf") else None for log in logs)


def _floats(logs: tuple[float | None, ...]) -> tuple[float, ...]:
    return tuple(float("-inf") if log is None else log for log in logs)
