"""Test of which cells of a surrogate the teacher must answer again.

Claim: with probability 1 - delta, no cell whose agreement is at least the target is
ever demoted, over all cells and looks together. Since a demoted cell is then below the
target, the rest of a policy that keeps the target as a whole keeps it too: the
certificate remains valid for the rest.
Assumes: as for `e_values`, for each cell.
Source: Ville's inequality for each cell at delta / K, and the union bound over the K
cells.
"""

from collections.abc import Mapping

from tracer_core.stats.sequential.e_values import rollback_log_e

__all__ = ["cell_bound", "find_cells_below"]


def cell_bound(delta: float, cells: int) -> float:
    """Return the e-value at which a cell is demoted.

    Args:
        delta: Error probability of all cells together, in (0, 1).
        cells: Number of cells, at least 1.

    Raises:
        ValueError: An argument is outside of its range.
    """
    if not 0 < delta < 1 or cells < 1:
        raise ValueError(
            f"no bound for {cells} cells at error probability {delta}: there must be at"
            " least 1 cell, and the probability must be between 0 and 1, exclusive"
        )
    return cells / delta


def find_cells_below(
    audits: Mapping[str, tuple[int, int]], target: float, log_bound: float
) -> tuple[str, ...]:
    """Return the cells that are shown to be below the target, sorted by name.

    Args:
        audits: Number of disagreements and number of audits of each cell.
        target: Agreement that is guaranteed, in (0, 1).
        log_bound: Natural logarithm of the e-value at which a cell is demoted.
    """
    return tuple(
        cell
        for cell, (disagreed, total) in sorted(audits.items())
        if rollback_log_e(disagreed, total, target) >= log_bound
    )
