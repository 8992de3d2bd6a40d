"""The cells of many pods fit into a status, although pods count different cells."""

from collections.abc import Sequence

from tracer_core.contracts.evidence import (
    MAX_CELLS,
    OTHER_CELLS,
    CellEvidence,
    Evidence,
    TaskEvidence,
)
from tracer_router.planning.evidence.evidence import fold_evidence, revision_total
from tracer_router.planning.state.observed import PodState


def pod(name: str, cells: Sequence[CellEvidence]) -> PodState:
    agreed = sum(cell.agreed for cell in cells)
    task = TaskEvidence(task="t", cells=tuple(cells), audits_agreed=agreed)
    return PodState(name, 1, evidence=Evidence(revision=1, boot=name, tasks=(task,)))


def counted(*pods: PodState) -> dict[str, int]:
    task = revision_total(fold_evidence(None, pods)).tasks[0]
    return {cell.cell: cell.agreed for cell in task.cells}


def cells_from(first: int) -> list[CellEvidence]:
    """Return the cells of a pod with the maximum number of separate cells.

    Args:
        first: Number of the first cell.
    """
    numbers = range(first, first + MAX_CELLS)
    cells = [CellEvidence(cell=f"c{n:03}", agreed=n + 1) for n in numbers]
    return [*cells, CellEvidence(cell=OTHER_CELLS, agreed=7)]


def test_pods_with_different_cells_fit_into_a_status() -> None:
    cells = counted(pod("a", cells_from(0)), pod("b", cells_from(22)))

    assert len(cells) == MAX_CELLS + 1


def test_no_audit_is_lost_when_cells_are_counted_together() -> None:
    pods = (pod("a", cells_from(0)), pod("b", cells_from(22)))
    audits = sum(cell.agreed for first in (0, 22) for cell in cells_from(first))

    assert sum(counted(*pods).values()) == audits


def test_the_least_audited_cells_are_counted_together() -> None:
    cells = counted(pod("a", cells_from(0)), pod("b", cells_from(22)))

    separate = {f"c{n:03}" for n in range(22, 150)}
    assert cells.keys() == separate | {OTHER_CELLS}


def test_cells_that_fit_are_all_kept() -> None:
    cells = counted(pod("a", cells_from(0)), pod("b", cells_from(0)))

    assert cells["c000"] == 2
    assert cells[OTHER_CELLS] == 14
