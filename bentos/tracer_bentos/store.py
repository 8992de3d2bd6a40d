"""The trace store: a folder or a bucket of S3, GCS, or Azure.

The training Job, the maintenance, and the data plane use it. Keys are relative to the
prefix of the router; `tracer_core.contracts.store.layout` defines them.
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

_CHUNK_BYTES = 1 << 20


class TraceStore:
    """The part of a store that belongs to one router."""

    def __init__(self, backend: ObjectStore, url: str) -> None:
        self._backend = backend
        self.url = url

    def list(self, prefix: str) -> list[str]:
        """Return the keys that begin with a prefix, sorted.

        Raises:
            StoreError: The store cannot be listed.
        """
        try:
            pages = obstore.list(self._backend, prefix.rstrip("/") or None)
            return sorted(str(item["path"]) for page in pages for item in page)
        except BaseError as error:
            raise self._error("list", prefix, error) from error

    def read(self, key: str) -> bytes:
        """Return the complete content of an object.

        Raises:
            FileNotFoundError: The object does not exist.
            StoreError: The store cannot be read.
        """
        try:
            return bytes(obstore.get(self._backend, key).bytes())
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.url}/{key}") from None
        except BaseError as error:
            raise self._error("read", key, error) from error

    def open(self, key: str) -> BinaryIO:
        """Return an open file with the content of an object, which is read in chunks.

        Raises:
            FileNotFoundError: The object does not exist.
            StoreError: The store cannot be read.
        """
        try:
            chunks = obstore.get(self._backend, key).stream(min_chunk_size=_CHUNK_BYTES)
        except FileNotFoundError:
            raise FileNotFoundError(f"{self.url}/{key}") from None
        except BaseError as error:
            raise self._error("read", key, error) from error
        raw = _ObjectReader(iter(chunks), partial(self._error, "read", key))
        return cast("BinaryIO", io.BufferedReader(raw, _CHUNK_BYTES))

    def write(self, key: str, content: bytes) -> None:
        """Write an object, and replace an existing object.

        Raises:
            StoreError: The object cannot be written.
        """
        try:
            obstore.put(self._backend, key, content)
        except BaseError as error:
            raise self._error("write", key, error) from error

    def create(self, key: str, content: bytes) -> bool:
        """Write an object unless it exists; return whether it was written.

        Raises:
            StoreError: The object cannot be written.
        """
        try:
            obstore.put(self._backend, key, content, mode="create")
        except AlreadyExistsError:
            return False
        except BaseError as error:
            raise self._error("write", key, error) from error
        return True

    def delete(self, key: str) -> None:
        """Delete an object if it exists.

        Raises:
            StoreError: The object cannot be deleted.
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


class _ObjectReader(io.RawIOBase):
    """Reads an object in chunks, so that it is never completely in memory."""

    def __init__(
        self, chunks: Iterator[Buffer], to_error: Callable[[BaseError], StoreError]
    ) -> None:
        self._chunks = chunks
        self._to_error = to_error
        self._rest = memoryview(b"")

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not self._rest:
            try:
                chunk = next(self._chunks, None)
            except BaseError as error:
                raise self._to_error(error) from error
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        target = memoryview(buffer).cast("B")
        count = min(len(target), len(self._rest))
        target[:count], self._rest = self._rest[:count], self._rest[count:]
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
