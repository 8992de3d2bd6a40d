"""A mounted Secret: its entries as files, read again after a rotation."""

import logging
import time
from collections.abc import Callable, Container, Mapping
from pathlib import Path
from typing import Final

__all__ = ["SecretVolume"]

_log = logging.getLogger(__name__)

POLL_INTERVAL_SECONDS: Final = 1.0
_DATA_LINK: Final = "..data"
"""Symbolic link that the kubelet replaces atomically when the Secret changes."""

_FileStates = tuple[tuple[str, int, int], ...]


class SecretVolume:
    """The entries of one folder as of the last check.

    Args:
        folder: Folder where the Secret is mounted.
        clock: Returns the current time in seconds.
        names: Names of the entries to read; None to read all entries.
    """

    def __init__(
        self,
        folder: Path,
        clock: Callable[[], float] = time.monotonic,
        *,
        names: Container[str] | None = None,
    ) -> None:
        self.folder = folder
        """Folder where the Secret is mounted."""
        self._names = names
        self._clock = clock
        self._last_check = float("-inf")
        self._states: _FileStates | None = None
        self._entries: Mapping[str, str] = {}
        self.version = 0
        """Number of changes of the entries."""

    def read(self) -> Mapping[str, str]:
        """Return the entries by name, at most one second old.

        If the Secret cannot be read, the last entries stay valid, so that a rotation in
        progress does not reject any client.
        """
        now = self._clock()
        if now - self._last_check >= POLL_INTERVAL_SECONDS:
            self._last_check = now
            self._refresh()
        return self._entries

    def _refresh(self) -> None:
        try:
            files = self._files()
            states = _file_states(self.folder, files)
            if states == self._states:
                return
            self._entries = {path.name: path.read_text().strip() for path in files}
            self._states = states
            self.version += 1
        except (OSError, UnicodeDecodeError) as error:
            _log.warning(
                "cannot read Secret volume %s: %s; the last entries stay valid",
                self.folder,
                error,
            )

    def _files(self) -> list[Path]:
        """Return the files of the entries.

        If `names` is given, the folder can have any other files.
        """
        visible = (p for p in self.folder.iterdir() if not p.name.startswith("."))
        wanted = (p for p in visible if self._names is None or p.name in self._names)
        return sorted(path for path in wanted if path.is_file())


def _file_states(folder: Path, files: list[Path]) -> _FileStates:
    """Return inode and modification time; they differ after a change of the Secret."""
    link = folder / _DATA_LINK
    paths = [link] if link.exists() else files
    stats = [(path.name, path.stat()) for path in paths]
    return tuple((name, stat.st_ino, stat.st_mtime_ns) for name, stat in stats)
