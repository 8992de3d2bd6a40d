"""The verb `maintain`: the upkeep of a trace store, as the cluster runs it daily."""

import argparse
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from tracer_core.contracts import runtime
from tracer_core.errors import SpecError
from tracer_router.api import Duration

__all__ = ["add_maintain"]


def add_maintain(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `maintain` to the root parser."""
    verb = verbs.add_parser(
        "maintain",
        help="compact a trace store, delete old traces, forget people",
        description=(
            "One run of what the cluster does daily. Credentials of the store come from"
            " the same environment variables as in a pod."
        ),
    )
    verb.add_argument(
        "--store", required=True, help="folder, s3://, gs:// or az:// URL"
    )
    verb.add_argument("--retention", type=_duration, help="such as 90d; none: keep all")
    verb.add_argument(
        "--teacher", default="", metavar="URL", help="for sessions' hashes"
    )
    verb.add_argument(
        "--forget-session", action="append", default=[], metavar="SESSION"
    )
    verb.add_argument("--forget-id", action="append", default=[], metavar="ID")
    verb.set_defaults(run=_maintain)


def _duration(text: str) -> timedelta:
    try:
        return Duration(text).span
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _maintain(arguments: argparse.Namespace) -> int:
    if arguments.forget_session and not arguments.teacher:
        raise SpecError(
            "sessions are known by a hash that depends on the teacher's URL: say"
            " --teacher"
        )
    try:
        from tracer_bentos.maintenance.__main__ import maintain  # noqa: PLC0415
    except ImportError as error:
        raise SpecError(
            f"this verb needs the extra: pip install 'tracer-router[serve]' ({error})"
        ) from None
    named = arguments.store
    url = named if "://" in named else Path(named).resolve().as_uri()
    told = {runtime.STORE_URL: url, runtime.TEACHER_URL: arguments.teacher}
    environment = {**os.environ, **told}
    forget = arguments.forget_session, arguments.forget_id
    print(maintain(environment, arguments.retention, *forget))
    return 0
