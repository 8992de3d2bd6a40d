"""A mounted Secret: its entries as files, read again after it has been rotated."""

import logging
import time
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Final

__all__ = ["SecretVolume"]

_log = logging.getLogger(__name__)

POLL_INTERVAL_SECONDS: Final = 1.0
_DATA: Final = "..data"
"""The link that the kubelet moves in one step when the Secret has changed."""

_Mark = tuple[tuple[str, int, int], ...]


class SecretVolume:
    """The entries of one folder, as they were when it was last looked at."""

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        *,
        names: Container[str] | None = None,
    ) -> None:
        self.folder = folder
        """Where it is mounted."""
        self._names = names
        self._clock = clock
        self._looked = float("-inf")
        self._mark: _Mark | None = None
        self._entries: Mapping[str, str] = {}
        self.version = 0
        """Grows each time that other entries are read."""

    def read(self) -> Mapping[str, str]:
        """Give the entries by name, at most a second old.

        A Secret that cannot be read keeps its last entries: a rotation in progress must
        not turn anybody away.
        """
        now = self._clock()
        if now - self._looked >= POLL_INTERVAL_SECONDS:
            self._looked = now
            self._look()
        return self._entries

    def _look(self) -> None:
        try:
            files = self._files()
            mark = _mark(self.folder, files)
            if mark == self._mark:
                return
            self._entries = {path.name: path.read_text().strip() for path in files}
            self._mark = mark
            self.version += 1
        except (OSError, UnicodeDecodeError) as error:
            _log.warning("secret %s cannot be read: %s", self.folder, error)

    def _files(self) -> list[Path]:
        """Give the files of entries; on a folder of anything, those named only."""
        visible = (p for p in self.folder.iterdir() if not p.name.startswith("."))
        wanted = (p for p in visible if self._names is None or p.name in self._names)
        return sorted(path for path in wanted if path.is_file())


def _mark(folder: Path, files: list[Path]) -> _Mark:
    """Give something that differs once the Secret has changed."""
    link = folder / _DATA
    paths = [link] if link.exists() else files
    stats = [(path.name, path.stat()) for path in paths]
    return tuple((name, stat.st_ino, stat.st_mtime_ns) for name, stat in stats)
