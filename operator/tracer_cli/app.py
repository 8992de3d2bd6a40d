"""The root command, its exit codes, and its error messages.

A command is a function of its arguments to an exit code. Modules of commands import
what is slow to import (pydantic models, the Kubernetes client, numpy) in the function,
so that `--help`, `--version`, and shell completion stay fast.
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup
from typer.main import get_command
from typing_extensions import override

from tracer_cli.commands.fit import fit
from tracer_cli.commands.inspection import explain, revisions, status
from tracer_cli.commands.maintain import maintain
from tracer_cli.commands.predict import predict
from tracer_cli.commands.rollout import (
    abort,
    pause,
    promote,
    resume,
    retrain,
    retry,
    rollback,
)
from tracer_cli.commands.scan import scan
from tracer_cli.commands.serve import serve
from tracer_cli.commands.verify import verify
from tracer_cli.exit_codes import ExitCode
from tracer_core import __version__
from tracer_core.errors import InputError, TracerRouterError

__all__ = ["build_command", "main"]

_NAME: Final = "tracer-router"
_OFFLINE: Final = "Commands without a cluster"
_CLUSTER: Final = "Commands for routers in a cluster"
_COMMANDS: Final[tuple[tuple[str, str, Callable[..., int]], ...]] = (
    ("scan", _OFFLINE, scan),
    ("fit", _OFFLINE, fit),
    ("predict", _OFFLINE, predict),
    ("verify", _OFFLINE, verify),
    ("serve", _OFFLINE, serve),
    ("maintain", _OFFLINE, maintain),
    ("status", _CLUSTER, status),
    ("explain", _CLUSTER, explain),
    ("revisions", _CLUSTER, revisions),
    ("promote", _CLUSTER, promote),
    ("pause", _CLUSTER, pause),
    ("resume", _CLUSTER, resume),
    ("abort", _CLUSTER, abort),
    ("rollback", _CLUSTER, rollback),
    ("retry", _CLUSTER, retry),
    ("retrain", _CLUSTER, retrain),
)


class _CommandGroup(TyperGroup):
    """The root command: lists the commands in sections and names them in errors."""

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in self.commands and not ctx.resilient_parsing:
            ctx.fail(
                f"unknown command {args[0]!r}; use one of {', '.join(self.commands)}"
            )
        return super().resolve_command(ctx, args)

    @override
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            # Typer would end the process here.
            raise typer.Exit(_discard_output()) from None

    @override
    def format_commands(self, ctx: Any, formatter: Any) -> None:
        width = max(map(len, self.commands))
        for section in (_OFFLINE, _CLUSTER):
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (name.ljust(width), self.commands[name].get_short_help_str(80))
                        for name, member, _ in _COMMANDS
                        if member == section
                    ]
                )


def build_command() -> TyperGroup:
    """Return the root command, with plain help texts everywhere: ADR 34."""
    program = typer.Typer(
        cls=_CommandGroup,
        help="Move the repetitive part of LLM traffic to a certified surrogate.",
        callback=_root,
        invoke_without_command=True,
        subcommand_metavar="COMMAND [ARGS]...",
        context_settings={"help_option_names": ["-h", "--help"]},
        rich_markup_mode=None,
    )
    for name, _, command in _COMMANDS:
        program.command(name)(command)
    group = get_command(program)
    if not isinstance(group, TyperGroup):
        raise TypeError(f"expected a group of commands, not {group!r}")
    return group


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    The exit codes are those of `ExitCode`. An error is one line on standard error.
    """
    try:
        code = build_command().main(
            None if arguments is None else list(arguments),
            prog_name=_NAME,
            standalone_mode=False,
        )
        sys.stdout.flush()
    except typer.TyperException as error:
        return _fail(*_describe_usage_error(error), ExitCode(error.exit_code))
    except InputError as error:
        return _fail(_NAME, str(error), ExitCode.USAGE)
    except BrokenPipeError:
        return _discard_output()
    except TracerRouterError as error:
        return _fail(_NAME, str(error), ExitCode.FAILURE)
    except OSError as error:
        return _fail(_NAME, _describe_os_error(error), ExitCode.FAILURE)
    return int(code or ExitCode.SUCCESS)


def _root(
    ctx: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.")
    ] = False,
) -> None:
    if version:
        print(__version__)
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        ctx.fail(
            f"missing command; use one of {', '.join(name for name, *_ in _COMMANDS)}"
        )


def _describe_usage_error(error: typer.TyperException) -> tuple[str, str]:
    """Return the name of the command that was called wrongly, and the message."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else _NAME
    message = " ".join(error.format_message().split()).rstrip(".")
    message = message.replace(": Value error, ", ": ", 1)  # a prefix of pydantic
    return path, f"{message}; run '{path} --help' for help"


def _describe_os_error(error: OSError) -> str:
    if error.filename is None or error.strerror is None:
        return str(error)
    return f"{error.filename}: {error.strerror}"


def _discard_output() -> ExitCode:
    """Discard what is left to write, after the reader closed standard output."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILURE


def _fail(command: str, message: str, code: ExitCode) -> int:
    print(f"{command}: {message}", file=sys.stderr)
    return code
