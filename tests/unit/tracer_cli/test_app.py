"""The root command: help, exit codes, and errors in one line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tracer_cli import main
from tracer_core import __version__

PROGRAM = [sys.executable, "-m", "tracer_cli"]
SLOW_MODULES = ("pydantic", "rich", "kubernetes", "numpy", "asyncio")
COMMANDS = (
    "scan, fit, predict, verify, serve, maintain, status, explain, revisions, promote,"
    " pause, resume, abort, rollback, retry, retrain"
)


def test_help_imports_nothing_that_is_slow_to_import() -> None:
    code = (
        "import sys; from tracer_cli import main; code = main(['--help']);"
        f"print(sorted(set({SLOW_MODULES}) & set(sys.modules)), file=sys.stderr);"
        "sys.exit(code)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ended.stderr == "[]\n"
    for name in COMMANDS.split(", "):
        assert f"\n  {name} " in ended.stdout


def test_the_reference_page_lists_every_command() -> None:
    page = Path(__file__).parents[3] / "docs/reference/command-line.md"
    listed = re.findall(r"^\| `([a-z]+)` \|", page.read_text(), re.MULTILINE)
    assert listed == COMMANDS.split(", ")


def test_help_is_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capsys.readouterr().out.isascii()


@pytest.mark.parametrize("name", COMMANDS.split(", "))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "-h"]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"Usage: tracer-router {name} ")
    assert output.isascii()


def test_version_prints_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        pytest.param(
            [], f"tracer-router: missing command; use one of {COMMANDS};", id="none"
        ),
        pytest.param(
            ["promot", "x"],
            f"tracer-router: unknown command 'promot'; use one of {COMMANDS};",
            id="unknown command",
        ),
        pytest.param(
            ["predict"],
            "tracer-router predict: Missing argument 'bundle';",
            id="missing argument",
        ),
        pytest.param(
            ["status", "a", "b"],
            "tracer-router status: Got unexpected extra argument(s) (b);",
            id="extra argument",
        ),
        pytest.param(
            ["scan", "t", "--foo"],
            "tracer-router scan: No such option: --foo;",
            id="unknown option",
        ),
        pytest.param(
            ["scan", "t", "-o", "yaml"],
            "tracer-router scan: Invalid value for '--output' / '-o': 'yaml' is not one"
            " of 'text', 'json';",
            id="unknown choice",
        ),
        pytest.param(
            ["serve", "--teacher", "u", "--protocol", "Foo"],
            "tracer-router serve: Invalid value for '--protocol': 'Foo' is not one of"
            " 'OpenAI', 'Anthropic', 'HTTP';",
            id="unknown protocol",
        ),
        pytest.param(
            ["scan", "t", "--seed", "one"],
            "tracer-router scan: Invalid value for '--seed': Input should be a valid"
            " integer",
            id="no number",
        ),
        pytest.param(
            ["fit", "t", "--target", "9", "--out", "o"],
            "tracer-router fit: Invalid value for '--target': '9' is not a percentage;",
            id="no percentage",
        ),
        pytest.param(
            ["maintain", "--store", "s", "--retention", "5"],
            "tracer-router maintain: Invalid value for '--retention': '5' is not a"
            " duration;",
            id="no duration",
        ),
        pytest.param(
            ["maintain", "--store", "s", "--forget-session", "5"],
            "tracer-router: --forget-session: the hash of a session depends on the URL"
            " of the teacher; add --teacher URL",
            id="session without teacher",
        ),
    ],
)
def test_a_wrong_call_is_one_line_and_code_2(
    call: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(call) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith(message)
    assert captured.err.count("\n") == 1


def test_an_error_of_the_system_is_one_line_and_code_1() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [*PROGRAM, "--version"],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "tracer-router: [Errno 28] No space left on device\n"


@pytest.mark.parametrize("unbuffered", ["", "1"], ids=["buffered", "unbuffered"])
@pytest.mark.parametrize("option", ["--help", "--version"])
def test_a_closed_standard_output_ends_the_program_without_a_message(
    option: str, unbuffered: str
) -> None:
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [*PROGRAM, option],
            env=environment,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")


def test_a_shell_completes_the_names_of_commands() -> None:
    environment = {
        **os.environ,
        "_TRACER_ROUTER_COMPLETE": "complete_bash",
        "COMP_WORDS": "tracer-router re",
        "COMP_CWORD": "1",
    }
    ended = subprocess.run(
        PROGRAM, env=environment, capture_output=True, text=True, check=False
    )
    assert ended.stdout.split() == ["revisions", "resume", "retry", "retrain"]
