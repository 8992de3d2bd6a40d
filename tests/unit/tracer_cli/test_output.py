"""Tables and outlines, in a pipe and on a terminal."""

import io

import pytest
from typing_extensions import override

from tracer_cli.output import Table, format_table, print_outline, print_table

TABLE = Table(
    ("NAME", "ROWS", "NEXT"),
    (("tickets", "7", "12 more audits"), ("mail", "1,200", "-")),
    right_aligned=frozenset({"ROWS"}),
    title="Routers",
)
PLAIN = (
    "Routers\nNAME      ROWS  NEXT\ntickets      7  12 more audits\nmail     1,200  -\n"
)
OUTLINE = ["tickets: Canary", "  next: " + "more audits " * 10]


class Terminal(io.StringIO):
    """A stream that reports that it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")


def test_a_table_in_a_pipe_is_aligned_text() -> None:
    stream = io.StringIO()
    print_table(TABLE, stream)
    assert stream.getvalue() == PLAIN == f"{format_table(TABLE)}\n"


def test_an_outline_in_a_pipe_keeps_its_lines() -> None:
    stream = io.StringIO()
    print_outline(OUTLINE, stream)
    assert stream.getvalue() == "\n".join(OUTLINE) + "\n"


def test_a_forced_color_does_not_apply_to_a_pipe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    stream = io.StringIO()
    print_table(TABLE, stream)
    assert stream.getvalue() == PLAIN


def test_a_table_on_a_terminal_has_emphasized_headings_and_the_same_cells() -> None:
    stream = Terminal()
    print_table(TABLE, stream)
    shown = stream.getvalue()
    assert "\x1b[1m" in shown
    for cell in [cell for row in TABLE.rows for cell in row]:
        assert cell in shown


def test_markup_in_a_cell_is_shown_as_text() -> None:
    stream = Terminal()
    print_table(Table(("TERMS",), (("[red] [/x] :smile:",),)), stream)
    assert "[red] [/x] :smile:" in stream.getvalue()


def test_a_long_line_on_a_terminal_continues_at_its_indentation() -> None:
    stream = Terminal()
    print_outline(OUTLINE, stream)
    first, *rest = stream.getvalue().splitlines()
    assert "tickets" in first
    assert len(rest) > 2
    assert all(line.startswith("  ") for line in rest)


def test_no_color_is_respected_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    print_outline(OUTLINE, stream)
    assert "\x1b[3" not in stream.getvalue()
