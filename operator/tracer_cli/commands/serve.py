"""The command `serve`: the data plane on this machine, with the code of the pods."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.optional_dependencies import import_optional
from tracer_core.constants import TRAFFIC_PORT
from tracer_core.contracts.protocol import TeacherProtocol
from tracer_core.contracts.runtime import HttpVersion

if TYPE_CHECKING:
    from tracer_core.contracts.runtime_config import RuntimeConfig, StoreConfig

__all__ = ["ServeOptions", "serve"]


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """The options of `serve` that configure the data plane."""

    teacher: str
    """URL of the teacher."""
    protocol: TeacherProtocol | None
    """Protocol of the teacher, if it was given."""
    http_version: HttpVersion | None
    """HTTP version of the teacher connections, if it was given."""
    host: str
    """Address of both listeners."""
    port: int
    """Port of client requests; 0 for a free port."""
    internal_port: int
    """Port of metrics and evidence; 0 for a free port."""
    store: str | None
    """Folder or URL of the trace store."""
    key_file: Path | None
    """File with the key of the teacher."""


def serve(
    bundle: Annotated[
        Path | None,
        typer.Argument(
            help="Folder that fit wrote, or an exported Bento. Without it, all"
            " requests go to the teacher and are captured."
        ),
    ] = None,
    *,
    teacher: Annotated[
        str, typer.Option(metavar="URL", help="URL of the teacher, including /v1.")
    ],
    protocol: Annotated[
        TeacherProtocol | None,
        typer.Option(help="Protocol of the teacher. Default: OpenAI."),
    ] = None,
    http_version: Annotated[
        HttpVersion | None,
        typer.Option(help="HTTP version of the teacher connections. Default: HTTP1."),
    ] = None,
    port: Annotated[
        int, typer.Option(metavar="N", help="Port of client requests; 0: a free port.")
    ] = TRAFFIC_PORT,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    internal_port: Annotated[
        int,
        typer.Option(metavar="N", help="Port of metrics and evidence; 0: a free port."),
    ] = 0,
    store: Annotated[
        str | None,
        typer.Option(
            metavar="DIR", help="Store of the traces: a folder or an s3:// URL."
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Key for the teacher. Without it, the client's own key is forwarded.",
        ),
    ] = None,
) -> int:
    """Run the data plane on this machine.

    Forwards an API to the teacher, captures traces, and answers what a bundle is
    certified for. Settings without an option are read from the runtime
    configuration in TRACER_CONFIG or TRACER_CONFIG_FILE.
    """
    standalone = import_optional("tracer_bentos.serving.server.standalone", "serve")
    options = ServeOptions(
        teacher, protocol, http_version, host, port, internal_port, store, key_file
    )
    standalone.serve_standalone(
        _config(options),
        bundle,
        host=options.host,
        port=options.port,
        internal_port=options.internal_port,
        spool=_spool(options),
    )
    return ExitCode.SUCCESS


def _config(options: ServeOptions) -> "RuntimeConfig":
    """Return the configuration of the environment, with the options on top."""
    from tracer_core.contracts.runtime_config import (  # noqa: PLC0415 - slow to import
        RuntimeConfig,
        TeacherConfig,
    )

    base = RuntimeConfig.from_environment(os.environ)
    given = {
        "url": options.teacher,
        "protocol": options.protocol,
        "http_version": options.http_version,
        "key_file": options.key_file,
    }
    teacher = dict(base.teacher or ()) | {
        name: value for name, value in given.items() if value is not None
    }
    store = _store(options.store) if options.store else base.traces.store
    return base.model_copy(
        update={
            "teacher": TeacherConfig.from_options(teacher, "--teacher"),
            "traces": base.traces.model_copy(update={"store": store}),
        }
    )


def _store(store: str) -> "StoreConfig":
    from tracer_core.contracts.runtime_config import StoreConfig  # noqa: PLC0415 - slow

    if "://" in store:
        return StoreConfig.from_environment(store, os.environ)
    return StoreConfig(url=Path(store).resolve().as_uri())


def _spool(options: ServeOptions) -> Path | None:
    """Return a folder beside the traces: the next process uploads what is left."""
    if not options.store or "://" in options.store:
        return None
    return Path(options.store).resolve() / "spool"
