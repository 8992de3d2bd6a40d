"""Carries sealed segments into the trace store."""

import logging
from collections.abc import Mapping

import zstandard

from tracer_bentos.serving.capture.spool import SpooledSegment
from tracer_bentos.store import TraceStore, open_store
from tracer_core.errors import StoreError

__all__ = ["SegmentShipper"]

_log = logging.getLogger(__name__)


class SegmentShipper:
    """Writes segments to the store, each exactly once."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._store: TraceStore | None = None

    def ship(self, segment: SpooledSegment) -> bool:
        """Write a segment and say whether its records are new to the store.

        A segment of this process is new even when the object is there already: then
        only the answer to an earlier try was lost.

        Raises:
            StoreError: The store did not take it; it stays on local disk.
        """
        content = zstandard.compress(segment.path.read_bytes())
        try:
            self._store = self._store or open_store(self._environment)
            created = self._store.create(segment.key, content)
        except StoreError:
            self._store = None  # credentials may have been replaced meanwhile
            raise
        return created or not segment.recovered
