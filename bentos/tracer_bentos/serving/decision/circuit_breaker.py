"""Circuit breaker: a pod stops its surrogate on a task after a gross failure.

The state is stored in the spool folder, so that a restart of the same pod continues
with it. The operator extends a stop to all pods of the revision.
"""

import logging
import os
from pathlib import Path

from tracer_bentos.serving.telemetry.ordered_results import AuditOutcome
from tracer_core.contracts.document import Document
from tracer_core.errors import DocumentError
from tracer_core.stats.sequential.gross_failure import GrossFailureDetector

__all__ = ["CircuitBreaker"]

_log = logging.getLogger(__name__)

_FILE = "demotion.json"


class _PersistedBreaker(Document):
    """Detector state of one task, and whether the breaker stopped the task."""

    logs: tuple[float | None, ...]
    stopped: bool


class _BreakerFile(Document):
    bundle: str
    tasks: dict[str, _PersistedBreaker]


class CircuitBreaker:
    """Evaluates the audits of one bundle, separately for each task.

    Args:
        folder: Folder for the state file.
        bundle: Digest of the bundle; None for a pass-through.
    """

    def __init__(self, folder: Path, bundle: str | None) -> None:
        self._file = folder / _FILE
        self._bundle = bundle
        self._detectors: dict[str, GrossFailureDetector] = {}
        self._changed = False
        self.stopped: set[str] = set()
        """Tasks for which this pod stopped its surrogate."""

    def record(self, task: str, verdict: AuditOutcome, target: float) -> None:
        """Add a counted audit of a task.

        Args:
            task: Fingerprint of the task.
            verdict: Outcome of the audit.
            target: Certified agreement of the bundle, in [0, 1].
        """
        previous = self._detectors.get(task, GrossFailureDetector())
        disagreed = verdict is AuditOutcome.DISAGREED
        detector = previous.update(disagreed=disagreed, target=target)
        self._detectors[task] = detector
        self._changed = True
        if detector.alarm and task not in self.stopped:
            self.stopped.add(task)
            _log.error(
                "task %s: surrogate stopped after gross failure in audits; the teacher"
                " answers",
                task,
            )

    def load(self) -> None:
        """Restore the state of an earlier process with the same bundle."""
        try:
            state = _BreakerFile.from_json(self._file.read_bytes())
        except FileNotFoundError:
            return
        except (OSError, DocumentError) as error:
            _log.warning(
                "cannot read %s: %s; starting without state", self._file, error
            )
            return
        if state.bundle == self._bundle:
            for task, saved in state.tasks.items():
                self._detectors[task] = GrossFailureDetector(_floats(saved.logs))
                if saved.stopped:
                    self.stopped.add(task)

    def save(self) -> None:
        """Write the state if it changed; call outside of the event loop."""
        if not self._changed or self._bundle is None:
            return
        self._changed = False
        tasks = {
            task: _PersistedBreaker(
                logs=_finite(detector.logs), stopped=task in self.stopped
            )
            for task, detector in list(self._detectors.items())
        }
        content = _BreakerFile(bundle=self._bundle, tasks=tasks).to_json()
        partial = self._file.with_suffix(".partial")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(content)
            os.replace(partial, self._file)  # noqa: PTH105 - atomic
        except OSError as error:
            _log.warning("cannot write %s: %s", self._file, error)


def _finite(logs: tuple[float, ...]) -> tuple[float | None, ...]:
    return tuple(log if log > float("-inf") else None for log in logs)


def _floats(logs: tuple[float | None, ...]) -> tuple[float, ...]:
    return tuple(float("-inf") if log is None else log for log in logs)
