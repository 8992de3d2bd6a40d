"""The verb `serve`: the data plane on this machine, with the code that pods run."""

import argparse
import os
from pathlib import Path
from typing import Any

from tracer_core.constants import TRAFFIC_PORT
from tracer_core.contracts import runtime
from tracer_core.contracts.runtime import HttpVersion
from tracer_core.errors import SpecError

__all__ = ["add_serve"]


def add_serve(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `serve` to the root parser."""
    serve = verbs.add_parser(
        "serve",
        help="run the data plane on this machine",
        description=(
            "Pass an API through to the teacher, capture traces and answer what a"
            " bundle is certified for. Whatever is not named here is taken from the"
            " same environment variables as in a pod."
        ),
    )
    serve.add_argument(
        "bundle",
        type=Path,
        nargs="?",
        help="folder that fit wrote, or an exported Bento; none: pass through, capture",
    )
    serve.add_argument("--teacher", required=True, metavar="URL", help="with its /v1")
    serve.add_argument(
        "--protocol",
        choices=["OpenAI", "Anthropic", "HTTP"],
        help="what the teacher speaks, if not OpenAI's protocol",
    )
    serve.add_argument(
        "--http-version",
        choices=list(HttpVersion),
        help="how HTTP is spoken to the teacher, if not HTTP1",
    )
    serve.add_argument("--port", type=int, default=TRAFFIC_PORT, help="0: any free one")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--internal-port", type=int, default=0, help="evidence, metrics")
    serve.add_argument(
        "--store", metavar="DIR", help="where traces go, or an s3:// URL"
    )
    serve.add_argument("--key-file", type=Path, help="the teacher's key, if it is ours")
    serve.set_defaults(run=_serve, late="bundle")


def _serve(arguments: argparse.Namespace) -> int:
    try:
        from tracer_bentos.serving.server import standalone  # noqa: PLC0415 - optional extra
    except ImportError as error:
        raise SpecError(
            f"this verb needs the extra: pip install 'tracer-router[serve]' ({error})"
        ) from None
    standalone.serve_standalone(
        {**os.environ, **_environment(arguments)}, arguments.bundle
    )
    return 0


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    told = {
        runtime.TEACHER_URL: arguments.teacher,
        runtime.HOST: arguments.host,
        runtime.TRAFFIC_PORT: str(arguments.port),
        runtime.INTERNAL_PORT: str(arguments.internal_port),
        runtime.SHUTDOWN_DELAY_SECONDS: "0",  # no endpoints to wait for
        runtime.FINAL_SCRAPE_TIMEOUT_SECONDS: "0",  # and nobody to read the last counts
    }
    if arguments.protocol:
        told[runtime.PROTOCOL] = arguments.protocol
    if arguments.http_version:
        told[runtime.TEACHER_HTTP] = arguments.http_version
    if arguments.key_file:
        told[runtime.TEACHER_KEY_FILE] = str(arguments.key_file)
    return told | (_store(arguments.store) if arguments.store else {})


def _store(named: str) -> dict[str, str]:
    if "://" in named:
        return {runtime.STORE_URL: named}
    folder = Path(named).resolve()
    # A spool beside the traces: what a killed process left is found by the next one.
    return {
        runtime.STORE_URL: folder.as_uri(),
        runtime.SPOOL: str(folder / "spool"),
    }
