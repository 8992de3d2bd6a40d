"""The verb `scan`: a first look at traces, which costs a later certificate nothing."""

import argparse
import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from tracer_cli.fit import add_traces, gather, print_line_faults
from tracer_cli.optional_dependencies import import_optional

__all__ = ["add_scan"]

_REFUSED = 3
_DESCRIPTION = """\
Say what of some traces could be certified, by cells that a person can read. Installs
and sends nothing; examples are redacted.

Every figure is an estimate, not a claim. It comes from the older rows alone, each
judged by a fit that has not seen it. The newest rows are the vault: a certificate of
the same traces is tested on them once, so nothing here looks at them, and a target
chosen after a scan makes that test no weaker.
"""


def add_scan(verbs: "argparse._SubParsersAction[Any]") -> None:
    """Add `scan` to the root parser."""
    scan = verbs.add_parser(
        "scan",
        help="estimate what of some traces could be certified",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_traces(scan)
    scan.add_argument(
        "--cells", type=int, default=20, metavar="N", help="how many are shown as text"
    )
    scan.set_defaults(run=_scan)


def _scan(arguments: argparse.Namespace) -> int:
    scanning = import_optional("tracer_bentos.offline_commands.scan", "train")
    gathered, named = gather(arguments)
    found = scanning.scan_traces(gathered, arguments.seed, named.encoders)
    if arguments.output == "json":
        faults = [dataclasses.asdict(fault) for fault in gathered.faults]
        document = {**dataclasses.asdict(found), "faults": faults}
        print(json.dumps(document))
    else:
        print_line_faults(gathered.faults)
        print("\n".join(_page(found, arguments.cells)))
    return _REFUSED if found.reason else 0


def _page(found: Any, most: int) -> list[str]:
    about = (
        f"{found.rows:,} labelled rows of task {found.task}, {found.labels} different"
        f" answers; looked at {found.looked_at:,}, {found.vault:,} stay unseen for a"
        " certificate"
    )
    lines = [about]
    if found.elsewhere:
        lines.append(f"{found.elsewhere:,} rows of other tasks were left out")
    if found.conflicts:
        lines.append(f"{found.conflicts:,} texts have more than one answer")
    if found.reason:
        return [*lines, f"refused: {found.reason}"]
    return [*lines, "", *_targets(found.targets), "", *_cells(found.cells, most)]


def _targets(targets: Sequence[Any]) -> list[str]:
    rows = [
        (
            f"{each.target:.0%}",
            f"{each.share:.1%}",
            f"{each.chance:.0%}",
            "more do not help" if each.missing is None else f"{each.missing:,}",
            "-"
            if not each.missing or each.days is None
            else f"about {each.days:g} days",
        )
        for each in targets
    ]
    head = ("target", "answered", "chance", "rows missing", "time")
    return ["Estimates of what a fit would certify", *_table([head, *rows])]


def _cells(cells: Sequence[Any], most: int) -> list[str]:
    head = ("cell", "share", "agrees", "answered", "cost", "terms")
    rows = [
        (
            each.name,
            f"{each.share:.1%}",
            f"{each.agreement:.1%}",
            f"{each.answered:.0%}",
            _cost(each),
            ", ".join(each.terms),
        )
        for each in cells[:most]
    ]
    lines = ["Cells, as estimated at 95 %", *_table([head, *rows])]
    if len(cells) > most:
        lines.append(f"and {len(cells) - most} smaller ones")
    for each in cells[:most]:
        lines += ["", each.name]
        lines += [f"    {one.input}" for one in each.examples]
        lines += [
            f"    {one.input}\n      but the teacher: {one.teacher}"
            for one in each.disagreements
        ]
    return lines


def _cost(cell: Any) -> str:
    if cell.cost is not None:
        return f"{cell.cost:.4g}"
    return "-" if cell.tokens is None else f"{cell.tokens:,} tokens"


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            # Figures to the right, words to the left: first and last column.
            text.ljust(width) if at in {0, len(row) - 1} else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
