"""Uploads sealed segments to the trace store."""

import logging

import zstandard

from tracer_bentos.serving.capture.spool import SpooledSegment
from tracer_bentos.store import TraceStore, open_store
from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.errors import StoreError

__all__ = ["SegmentShipper"]

_log = logging.getLogger(__name__)


class SegmentShipper:
    """Writes segments to the store, exactly once for each segment.

    Args:
        config: The store of the router.
    """

    def __init__(self, config: StoreConfig) -> None:
        self._config = config
        self._store: TraceStore | None = None

    def ship(self, segment: SpooledSegment) -> bool:
        """Write a segment and return whether its records are new in the store.

        A segment of this process is new even if the object already exists. In that
        case, only the response to an earlier upload was lost.

        Raises:
            StoreError: The upload failed; the segment stays on the local disk.
        """
        content = zstandard.compress(segment.path.read_bytes())
        try:
            self._store = self._store or open_store(self._config)
            created = self._store.create(segment.key, content)
        except StoreError:
            self._store = None  # the credentials can be different at the next attempt
            raise
        return created or not segment.recovered
