"""The command `maintain`: one maintenance run of a trace store."""

import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracer_cli.exit_codes import ExitCode
from tracer_cli.optional_dependencies import import_optional
from tracer_cli.options import parse_duration
from tracer_core.errors import InputError

if TYPE_CHECKING:
    from tracer_core.contracts.runtime_config import RuntimeConfig

__all__ = ["maintain"]


def maintain(
    store: Annotated[
        str,
        typer.Option(
            metavar="STORE",
            help="The store: a folder, or an s3://, gs://, or az:// URL.",
        ),
    ],
    retention: Annotated[
        timedelta | None,
        typer.Option(
            parser=parse_duration,
            metavar="DURATION",
            help="Delete traces that are older, for example 90d. Default: keep all.",
        ),
    ] = None,
    teacher: Annotated[
        str,
        typer.Option(
            metavar="URL",
            help="URL of the teacher, including /v1, from which session hashes are"
            " computed.",
            show_default=False,
        ),
    ] = "",
    forget_session: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SESSION",
            help="Erase the traces of a session. Repeat the option for more.",
        ),
    ] = None,
    forget_id: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Erase a trace by its ID. Repeat the option for more."
        ),
    ] = None,
) -> int:
    """Compact a trace store, delete old traces, and erase traces on request.

    Does once what the cluster does daily. Endpoint, region, and credentials of an
    S3 store are read from TRACER_STORE_ENDPOINT, TRACER_STORE_REGION, and
    TRACER_STORE_CREDENTIALS.
    """
    if forget_session and not teacher:
        raise InputError(
            "--forget-session: the hash of a session depends on the URL of the teacher;"
            " add --teacher URL"
        )
    entrypoint = import_optional("tracer_bentos.maintenance.__main__", "serve")
    config = _config(store, teacher, retention)
    summary = entrypoint.maintain(config, forget_session or [], forget_id or [])
    print(summary)
    return ExitCode.SUCCESS


def _config(store: str, teacher: str, retention: timedelta | None) -> "RuntimeConfig":
    """Return the configuration of a maintenance pod."""
    from tracer_core.contracts.runtime_config import (  # noqa: PLC0415 - slow to import
        RuntimeConfig,
        StoreConfig,
        TeacherConfig,
        TracesConfig,
    )

    url = store if "://" in store else Path(store).resolve().as_uri()
    traces = TracesConfig(
        retention_seconds=int(retention.total_seconds()) if retention else None,
        store=StoreConfig.from_environment(url, os.environ),
    )
    if not teacher:
        return RuntimeConfig(traces=traces)
    return RuntimeConfig(
        teacher=TeacherConfig.from_options({"url": teacher}, "--teacher"), traces=traces
    )
