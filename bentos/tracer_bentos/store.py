"""The trace store: a folder or a bucket of S3, GCS or Azure behind a few verbs.

Used by the training Job and the data plane. Keys are relative to the router's prefix;
`tracer_core.contracts.layout` names them.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, ObjectStore, S3Store, from_url
from typing_extensions import Buffer, override

from tracer_core.contracts.runtime_config import StoreConfig
from tracer_core.errors import StoreError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore.store import S3Config  # exists for type checkers only

__all__ = ["TraceStore", "open_store"]

_PIECE = 1 << 20


class TraceStore:
    """One router's part of a store."""

    def __init__(self, backend: ObjectStore, url: str) -> None:
        self._backend = backend
        self.url = url

    def list(self, prefix: str) -> list[str]:
        """Give the keys below a prefix, sorted.

        Raises:
            StoreError: The store cannot be listed.
        """
        try:
            pages = obstore.list(self._backend, prefix.rstrip("/") or None)
            return sorted(str(item["path"]) for page in pages for item in page)
        except BaseError as error:
            raise self._error("list", prefix, error) from error

    def read(self, key: str) -> bytes:
        """Give the whole content of an object.

        Raises:
            FileNotFoundError: There is no such object.
            StoreError: The store did not answer.
        """
        try:
            return bytes(obstore.get(self._backend, key).bytes())
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.url}/{key}") from None
        except BaseError as error:
            raise self._error("read", key, error) from error

    def open(self, key: str) -> BinaryIO:
        """Open an object to be read piece by piece.

        Raises:
            FileNotFoundError: There is no such object.
            StoreError: The store did not answer.
        """
        try:
            pieces = obstore.get(self._backend, key).stream(min_chunk_size=_PIECE)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.url}/{key}") from None
        except BaseError as error:
            raise self._error("read", key, error) from error
        raw = _Pieces(iter(pieces), partial(self._error, "read", key))
        return cast("BinaryIO", io.BufferedReader(raw, _PIECE))

    def write(self, key: str, content: bytes) -> None:
        """Write an object, replacing what was there.

        Raises:
            StoreError: The store did not take it.
        """
        try:
            obstore.put(self._backend, key, content)
        except BaseError as error:
            raise self._error("write", key, error) from error

    def create(self, key: str, content: bytes) -> bool:
        """Write an object only if there is none; False when there was one.

        Raises:
            StoreError: The store did not take it.
        """
        try:
            obstore.put(self._backend, key, content, mode="create")
        except AlreadyExistsError:
            return False
        except BaseError as error:
            raise self._error("write", key, error) from error
        return True

    def delete(self, key: str) -> None:
        """Delete an object; one that is gone already is as good.

        Raises:
            StoreError: The store did not do it.
        """
        try:
            obstore.delete(self._backend, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise self._error("delete", key, error) from error

    def _error(self, verb: str, key: str, error: BaseError) -> StoreError:
        cause = str(error).splitlines()[0][:300]
        return StoreError(f"cannot {verb} {self.url}/{key}: {cause}")


class _Pieces(io.RawIOBase):
    """An object as it comes over the wire; never whole in memory."""

    def __init__(
        self, pieces: Iterator[Buffer], failed: Callable[[BaseError], StoreError]
    ) -> None:
        self._pieces = pieces
        self._failed = failed
        self._left = memoryview(b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not self._left:
            try:
                piece = next(self._pieces, None)
            except BaseError as error:
                raise self._failed(error) from error
            if piece is None:
                return 0
            self._left = memoryview(piece)
        into = memoryview(buffer).cast("B")
        count = min(len(into), len(self._left))
        into[:count], self._left = self._left[:count], self._left[count:]
        return count


def open_store(config: StoreConfig | None) -> TraceStore:
    """Open the trace store of a router.

    Nothing is contacted before the first operation. Credentials are read from files.

    Raises:
        StoreError: No store is configured, the scheme of the URL is unknown, or a
            credential file is missing.
    """
    if config is None:
        raise StoreError("no trace store is configured; set traces.store")
    url = config.url
    if url.startswith("s3://"):
        return TraceStore(_s3(config), url)
    if url.startswith(("gs://", "az://")):
        # S3 and folders are tested; for these two, the rules of obstore apply.
        return TraceStore(_ambient(url), url)
    if url.startswith("file://"):
        folder = Path(url.removeprefix("file://"))
        return TraceStore(LocalStore(prefix=folder, mkdir=True), url)
    raise StoreError(
        f"store URL {url!r}: must be s3://BUCKET/PREFIX, gs://BUCKET/PREFIX,"
        " az://CONTAINER/PREFIX, or file:///FOLDER"
    )


def _ambient(url: str) -> ObjectStore:
    try:
        return from_url(url)
    except BaseError as error:
        cause = str(error).splitlines()[0]
        raise StoreError(f"cannot open {url}: {cause}") from error


def _s3(config: StoreConfig) -> S3Store:
    bucket, _, prefix = config.url.removeprefix("s3://").partition("/")
    options: S3Config = {"region": config.region}
    if config.endpoint:
        options["endpoint"] = config.endpoint
    if config.credentials:
        options["access_key_id"] = _secret(config.credentials, "access-key-id")
        options["secret_access_key"] = _secret(config.credentials, "secret-access-key")
    return S3Store(
        bucket,
        prefix=prefix or None,
        virtual_hosted_style_request=False,
        client_options={"allow_http": bool(config.endpoint), "timeout": "30s"},
        retry_config={"max_retries": 3},
        config=options,
    )


def _secret(folder: Path, name: str) -> str:
    try:
        return (folder / name).read_text().strip()
    except OSError as error:
        message = f"store credentials: {folder}/{name}: {error.strerror}"
        raise StoreError(message) from error
