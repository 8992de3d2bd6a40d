"""Which cells of a surrogate go back to the teacher.

Claimed: with probability 1 - delta, no cell whose agreement is at least the target is
ever demoted, over all cells and looks together. Since a demoted cell is then below the
target, what is left of a policy that keeps the target as a whole keeps it too: the
certificate stands for the rest. Assumed: as in `sequential`, by cell.

Source: Ville's inequality for each cell at delta / K, and the union over the K cells.
"""

from collections.abc import Mapping

from tracer_core.stats.sequential.e_values import rollback_log_e

__all__ = ["cell_bound", "find_cells_below"]


def cell_bound(delta: float, cells: int) -> float:
    """Give the e-value that demotes one of so many cells.

    Raises:
        ValueError: There is no such budget or no cell.
    """
    if not 0 < delta < 1 or cells < 1:
        raise ValueError(f"no bound for {cells} cells at an error of {delta}")
    return cells / delta


def find_cells_below(
    audits: Mapping[str, tuple[int, int]], target: float, log_bound: float
) -> tuple[str, ...]:
    """Give the cells shown to be below the target, in order.

    Args:
        audits: By cell, how many audits disagreed and how many there were.
        target: The agreement promised.
        log_bound: Logarithm of the e-value that demotes.
    """
    return tuple(
        cell
        for cell, (disagreed, total) in sorted(audits.items())
        if rollback_log_e(disagreed, total, target) >= log_bound
    )
