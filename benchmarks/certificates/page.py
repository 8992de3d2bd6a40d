"""Writes the tables of dated results into the pages that show them.

    python -m benchmarks.certificates.page

A comment of the page names the result. Only this program writes the text between that
comment and the closing comment.
"""

import json
import re
from pathlib import Path

from benchmarks.certificates.peer.tables import fits_table, flat_table
from benchmarks.certificates.results import read_outcomes, table_of
from benchmarks.certificates.scale import fits as scale

__all__ = ["PAGES", "refreshed"]

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "benchmarks").glob("*.md"))
_SLOT = re.compile(r"(<!-- (\w+): (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def refreshed(page: Path) -> str:
    """Return the text of a page with the tables of the results."""
    return _SLOT.sub(_filled, page.read_text())


def _filled(slot: re.Match[str]) -> str:
    tables = {"worlds": _worlds, "fits": _fits, "flat": _flat, "scale": _scale}
    if slot[2] not in tables:
        return slot[0]
    return f"{slot[1]}\n{tables[slot[2]](ROOT / slot[3])}\n\n{slot[4]}"


def _worlds(result: Path) -> str:
    outcomes, about = read_outcomes(result)
    runs = max(each.tally.runs for each in outcomes)
    said = f"{about['date']}, {runs:,} runs for each figure."
    return f"{said}\n\n{table_of(outcomes, float(str(about['delta'])))}"


def _fits(result: Path) -> str:
    about = json.loads(result.read_text())
    machine = f"{about['cores']} cores at a load of {about['load']}"
    said = f"{about['date']}, {about['set']}, {machine}."
    return f"{said}\n\n{fits_table(about['fits'])}"


def _flat(result: Path) -> str:
    return flat_table(json.loads(result.read_text())["flat"])


def _scale(result: Path) -> str:
    about = json.loads(result.read_text())
    machine = f"{about['cores']} cores at a load of {about['load']}"
    fits = [scale.Fit(**each) for each in about["fits"]]
    return f"{about['date']}, {machine}.\n\n{scale.table_of(fits)}"


def main() -> None:
    """Rewrite the pages."""
    for page in PAGES:
        page.write_text(refreshed(page))
        print(page.relative_to(ROOT))


if __name__ == "__main__":
    main()
