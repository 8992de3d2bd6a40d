"""Downloads, verifies, and loads the surrogate while the pod is already serving.

The loader never delays a request to the teacher. Until all checks have passed, and if a
check fails, no surrogate is loaded and the evidence contains the reason.
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
from tracer_bentos.serving.decision.surrogate_slot import SurrogateSlot
from tracer_bentos.serving.server.settings import Settings
from tracer_bentos.store import TraceStore, open_store
from tracer_core.contracts.document import sha256_digest
from tracer_core.errors import DocumentError, EmbeddingsError, StoreError

__all__ = ["BundleLoader", "BundleReader", "read_bundle", "require_redaction"]

_log = logging.getLogger(__name__)

MIN_RETRY_DELAY_SECONDS: Final = 1.0
MAX_RETRY_DELAY_SECONDS: Final = 30.0

_DESCRIPTIVE_ERRORS = (EmbeddingsError, FileNotFoundError, StoreError)
"""Temporary errors whose message is sufficient without the name of the class."""

BundleReader = Callable[[bytes, Path, str], LoadedSurrogate]
"""Unpacks an archive into a folder, checks the bundle digest, returns the surrogate."""


def read_bundle(archive: bytes, into: Path, digest: str) -> LoadedSurrogate:
    """Unpack an exported Bento, then load and verify its bundle.

    Args:
        archive: Content of the exported Bento.
        into: An empty folder.
        digest: Expected digest of the bundle.

    Raises:
        DocumentError: The archive or the bundle is invalid.
    """
    # Imported here, because revision 0 does not need them: they cost memory and time.
    from tracer_bentos.bundle.archive import read_bento  # noqa: PLC0415
    from tracer_bentos.bundle.bundle import load_bundle  # noqa: PLC0415

    predictor = load_bundle(read_bento(archive, into), digest)
    predictor.require_text_only()
    predictor.verify_golden()
    return predictor


class BundleLoader:
    """Loads the bundle in the settings; retries while the store is unavailable.

    Args:
        settings: Settings of the process.
        slot: Receives the surrogate, or the reason why there is none.
        read: Reads a downloaded archive.
        redaction: Identity of the redactor of this process.
        retry_delay: Delay before the first retry, in seconds.
    """

    def __init__(
        self,
        settings: Settings,
        slot: SurrogateSlot,
        read: BundleReader = read_bundle,
        redaction: str = StandardRedactor.identity,
        *,
        retry_delay: float = MIN_RETRY_DELAY_SECONDS,
    ) -> None:
        self._settings = settings
        self._slot = slot
        self._read = read
        self._redaction = redaction
        self._retry_delay = retry_delay

    async def run(self) -> None:
        """Return once the surrogate is loaded or the bundle is rejected."""
        while self._settings.bundle_digest and not self._slot.surrogate:
            try:
                self._slot.set_surrogate(await asyncio.to_thread(self._load))
            except DocumentError as error:
                return self._report(f"{error}; this will not be tried again")
            except BaseException as error:
                if not is_recoverable(error):
                    raise
                # Until a retry succeeds, the teacher answers.
                descriptive = isinstance(error, _DESCRIPTIVE_ERRORS)
                self._report(str(error) if descriptive else repr(error))
                await asyncio.sleep(self._retry_delay)
                self._retry_delay = min(self._retry_delay * 2, MAX_RETRY_DELAY_SECONDS)
        return None

    def _report(self, reason: str) -> None:
        if reason != self._slot.reason:
            _log.warning("surrogate not loaded: %s", reason)
        self._slot.reason = reason

    def _load(self) -> LoadedSurrogate:
        settings = self._settings
        archive = _download(open_store(settings.store), settings)
        with tempfile.TemporaryDirectory(prefix="tracer-bundle-") as folder:
            digest = settings.bundle_digest or ""
            surrogate = self._read(archive, Path(folder), digest)
        require_redaction(surrogate, self._redaction)
        return surrogate


def require_redaction(surrogate: LoadedSurrogate, redaction: str) -> None:
    """Check that texts are redacted in the same way as those in the certificate.

    Args:
        surrogate: The surrogate.
        redaction: Identity of the redactor of this process.

    Raises:
        DocumentError: The redaction is different.
    """
    if surrogate.redaction != redaction:
        raise DocumentError(
            f"the surrogate was certified on texts redacted by {surrogate.redaction},"
            f" but this pod redacts by {redaction}; certify a new revision"
        )


def _download(store: TraceStore, settings: Settings) -> bytes:
    if not settings.bento_key or not settings.bento_digest:
        raise DocumentError("the revision has no key or no digest of its Bento archive")
    archive = store.read(settings.bento_key)
    digest = sha256_digest(archive)
    if digest != settings.bento_digest:
        raise DocumentError(
            f"Bento archive {store.url}/{settings.bento_key}: digest {digest} differs"
            f" from {settings.bento_digest} in the revision"
        )
    return archive
