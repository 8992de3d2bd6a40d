"""Tables and outlines: formatted by rich on a terminal, aligned plain text elsewhere.

Programs read the plain form: it contains no colors, no box characters, and no line
breaks that depend on a width. `rich` is imported for a terminal only.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "Table",
    "format_table",
    "print_outline",
    "print_table",
]

_INDENT = "  "


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text cells."""

    columns: tuple[str, ...]
    """The headings."""
    rows: tuple[tuple[str, ...], ...]
    """The cells, one tuple per row, as many as there are headings."""
    right_aligned: frozenset[str] = field(default_factory=frozenset)
    """Headings of the columns with numbers."""
    title: str | None = None
    """A line above the headings."""


def format_table(table: Table) -> str:
    """Return a table as aligned plain text, without spaces at the ends of lines."""
    cells = (table.columns, *table.rows)
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    right = [name in table.right_aligned for name in table.columns]
    lines = [] if table.title is None else [table.title]
    lines += [
        _INDENT.join(
            text.rjust(width) if is_right else text.ljust(width)
            for text, width, is_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in cells
    ]
    return "\n".join(lines)


def print_table(table: Table, stream: TextIO | None = None) -> None:
    """Print a table to a stream, standard output by default."""
    target = stream or sys.stdout
    if not target.isatty():
        print(format_table(table), file=target)
        return
    from rich.table import Table as RichTable  # noqa: PLC0415 - for a terminal only
    from rich.text import Text  # noqa: PLC0415 - for a terminal only

    shown = RichTable(
        box=None,
        header_style="bold",
        pad_edge=False,
        title=table.title,
        title_justify="left",
        title_style="bold",
    )
    for name in table.columns:
        is_right = name in table.right_aligned
        shown.add_column(name, justify="right" if is_right else "left", overflow="fold")
    for row in table.rows:
        shown.add_row(*map(Text, row))
    _console(target).print(shown)


def print_outline(lines: Sequence[str], stream: TextIO | None = None) -> None:
    """Print indented lines to a stream, standard output by default.

    On a terminal, lines that are too long continue at their own indentation, and the
    first line and the part before the first colon are emphasized.
    """
    target = stream or sys.stdout
    if not target.isatty():
        print("\n".join(lines), file=target)
        return
    from rich.padding import Padding  # noqa: PLC0415 - for a terminal only
    from rich.text import Text  # noqa: PLC0415 - for a terminal only

    console = _console(target)
    for line in lines:
        text = line.lstrip()
        key, colon, value = text.partition(": ")
        styled = Text.assemble((key, "bold"), colon, value) if colon else Text(text)
        console.print(Padding(styled, (0, 0, 0, len(line) - len(text))))


def _console(stream: TextIO) -> "Console":
    from rich.console import Console  # noqa: PLC0415 - for a terminal only

    return Console(file=stream, highlight=False)
