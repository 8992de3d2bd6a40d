"""A mounted Secret: its entries as files, read again after it has been rotated."""

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

__all__ = ["MountedSecret"]

_log = logging.getLogger(__name__)

LOOK_SECONDS: Final = 1.0
_DATA: Final = "..data"
"""The link that the kubelet moves in one step when the Secret has changed."""

_Mark = tuple[tuple[str, int, int], ...]


class MountedSecret:
    """The entries of one folder, as they were when it was last looked at."""

    def __init__(
        self, folder: Path, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.folder = folder
        """Where it is mounted."""
        self._clock = clock
        self._looked = float("-inf")
        self._mark: _Mark | None = None
        self._entries: Mapping[str, str] = {}
        self.version = 0
        """Grows each time that other entries are read."""

    def entries(self) -> Mapping[str, str]:
        """Give the entries by name, at most a second old.

        A Secret that cannot be read keeps its last entries: a rotation in progress must
        not turn anybody away.
        """
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._entries

    def _look(self) -> None:
        try:
            mark = _mark(self.folder)
            if mark == self._mark:
                return
            self._entries = {
                path.name: path.read_text().strip() for path in _files(self.folder)
            }
            self._mark = mark
            self.version += 1
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("secret %s cannot be read: %s", self.folder, error)


def _files(folder: Path) -> list[Path]:
    visible = (path for path in folder.iterdir() if not path.name.startswith("."))
    return sorted(path for path in visible if path.is_file())


def _mark(folder: Path) -> _Mark:
    """Give something that differs once the Secret has changed."""
    link = folder / _DATA
    paths = [link] if link.exists() else _files(folder)
    stats = [(path.name, path.stat()) for path in paths]
    return tuple((name, stat.st_ino, stat.st_mtime_ns) for name, stat in stats)
