"""The attempts made on one machine: testing the same rows again costs level.

A seed or a target tried until one passes is no certificate, so each set of terms on the
same rows is an attempt of its own. The same terms again are the same attempt.
"""

import os
from pathlib import Path

from tracer_router.contracts.document import Document
from tracer_router.errors import StoreError
from tracer_router.parity.ledger import level_on_rows_seen

__all__ = ["STATE", "OfflineAttempt", "enter_attempt", "offline_level"]

STATE = "TRACER_STATE"
"""Environment variable with the folder of the ledger."""


class OfflineAttempt(Document):
    """One line of the ledger."""

    rows: str
    """Digest of the rows."""
    terms: str
    """What was asked of them."""


def enter_attempt(entry: OfflineAttempt) -> int:
    """Give the number of an attempt among those on the same rows, entering it if new.

    Raises:
        StoreError: The ledger cannot be kept; without it nothing can be claimed.
    """
    path = _ledger()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_bytes().splitlines() if path.exists() else []
        known = [OfflineAttempt.from_json(line) for line in lines]
        same = [each for each in known if each.rows == entry.rows]
        if entry in same:
            return same.index(entry) + 1
        with path.open("ab") as ledger:
            ledger.write(entry.to_json() + b"\n")
    except OSError as error:
        raise StoreError(
            f"the ledger of attempts {path}: {error.strerror}; set {STATE} to a folder"
            " that can be written and is kept"
        ) from error
    return len(same) + 1


def offline_level(attempt: int, confidence: float) -> float:
    """Give the error level of an attempt on rows that all those before it have seen."""
    return level_on_rows_seen(attempt, 1 - confidence)


def _ledger() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    folder = Path(os.environ.get(STATE) or Path(home) / "tracer-router")
    return folder / "attempts.jsonl"
