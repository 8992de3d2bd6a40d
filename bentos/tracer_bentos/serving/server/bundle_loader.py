"""Fetches, verifies and loads the surrogate while the process already passes through.

Nothing here can keep a request from the teacher: until every check has passed, and
whenever one fails, nothing is loaded and the reason is reported.
"""

import asyncio
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tracer_bentos.error_classification import is_recoverable
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.serving.decision.eligibility import LoadedSurrogate
from tracer_bentos.serving.decision.loaded import SurrogateSlot
from tracer_bentos.serving.server.settings import Settings
from tracer_bentos.store import TraceStore, open_store
from tracer_core.contracts.document import sha256_digest
from tracer_core.errors import DocumentError, EmbeddingsError, StoreError

__all__ = ["BundleLoader", "BundleReader", "expect_redaction", "read_bundle"]

_log = logging.getLogger(__name__)

FIRST_DELAY_SECONDS: Final = 1.0
LONGEST_DELAY_SECONDS: Final = 30.0

_EXPECTED_ERRORS = (EmbeddingsError, FileNotFoundError, StoreError)
"""What may pass, and says by itself what it is."""

BundleReader = Callable[[bytes, Path, str], LoadedSurrogate]
"""Unpacks an archive into a folder, checks the bundle's digest, gives the surrogate."""


def read_bundle(archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
    """Unpack an exported Bento and load the bundle within, checked to the last bit.

    Raises:
        DocumentError: The archive or the bundle is not what it should be.
    """
    # Imported here, because revision 0 never needs them: they cost memory and time.
    from tracer_bentos.bundle.archive import read_bento  # noqa: PLC0415
    from tracer_bentos.bundle.bundle import load_bundle  # noqa: PLC0415

    predictor = load_bundle(read_bento(archive, into), digest)
    predictor.require_text_only()
    predictor.verify_golden()
    return predictor


class BundleLoader:
    """Loads the bundle that the settings name, trying again while the store is down."""

    def __init__(
        self,
        settings: Settings,
        loaded: SurrogateSlot,
        read: BundleReader = read_bundle,
        redaction: str = StandardRedactor.identity,
        *,
        first_delay: float = FIRST_DELAY_SECONDS,
    ) -> None:
        self._settings = settings
        self._loaded = loaded
        self._read = read
        self._redaction = redaction
        self._delay = first_delay

    async def run(self) -> None:
        """Return once the surrogate is loaded, or can never be."""
        while self._settings.bundle_digest and not self._loaded.surrogate:
            try:
                self._loaded.set_surrogate(await asyncio.to_thread(self._load))
            except DocumentError as error:
                return self._refuse(f"{error}; this will not be tried again")
            except BaseException as error:
                if not is_recoverable(error):
                    raise
                # The teacher answers meanwhile.
                self._refuse(
                    str(error) if isinstance(error, _EXPECTED_ERRORS) else repr(error)
                )
                await asyncio.sleep(self._delay)
                self._delay = min(self._delay * 2, LONGEST_DELAY_SECONDS)
        return None

    def _refuse(self, reason: str) -> None:
        if reason != self._loaded.reason:
            _log.warning("surrogate not loaded: %s", reason)
        self._loaded.reason = reason

    def _load(self) -> LoadedSurrogate:
        settings = self._settings
        archive = _fetch(open_store(settings.store), settings)
        with tempfile.TemporaryDirectory(prefix="tracer-bundle-") as folder:
            digest = settings.bundle_digest or ""
            found = self._read(archive, Path(folder), digest)
        expect_redaction(found, self._redaction)
        return found


def expect_redaction(surrogate: LoadedSurrogate, redaction: str) -> None:
    """Check that a surrogate sees texts redacted as those it was certified on.

    Raises:
        DocumentError: They would be redacted otherwise here.
    """
    if surrogate.redaction != redaction:
        raise DocumentError(
            f"the surrogate was certified on texts redacted by {surrogate.redaction},"
            f" here they are by {redaction}: it needs a certificate of its own"
        )


def _fetch(store: TraceStore, settings: Settings) -> bytes:
    if not settings.bento_key or not settings.bento_digest:
        raise DocumentError("the bundle's archive is not named: no key or no digest")
    archive = store.read(settings.bento_key)
    found = sha256_digest(archive)
    if found != settings.bento_digest:
        raise DocumentError(
            f"{store.url}/{settings.bento_key} is {found}, "
            f"not {settings.bento_digest} as the revision says"
        )
    return archive
