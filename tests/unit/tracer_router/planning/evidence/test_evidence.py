"""Evidence is added exactly once, for all sequences of events in pods and operator.

The oracle is, for each pod process, the last report that the operator read and stored.
Exactly these counters are added.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from support.manifests import revision_manifest
from tracer_core.contracts.counters import LegCounters
from tracer_core.contracts.evidence import (
    CellEvidence,
    Evidence,
    RequestEvidence,
    TaskEvidence,
)
from tracer_core.stats.sequential.guards import GuardCount, GuardKind
from tracer_router.api import (
    EvidenceStatus,
    RevisionCounts,
    RevisionTotals,
    TracerRevision,
)
from tracer_router.planning.evidence.audit_totals import guard_counts
from tracer_router.planning.evidence.evidence import fold_evidence, revision_total
from tracer_router.planning.state.observed import PodState

PODS = 3


@dataclass
class Pod:
    """One pod, which is present or not, responds or not, and counts since its start."""

    name: str
    boot: int = 0
    present: bool = True
    answers: bool = True
    agreed: int = 0
    disagreed: int = 0
    open: int = 0
    answers_slow: int = 0
    deferrals_slow: int = 0
    cached: int = 0

    def state(self) -> PodState:
        """Return the result of a poll."""
        if not self.answers:
            return PodState(name=self.name, revision=1)
        admitted = self.agreed + self.disagreed + self.open
        cell = CellEvidence(cell="c", agreed=self.agreed, disagreed=self.disagreed)
        task = TaskEvidence(
            task="t",
            requests=admitted,
            audits_admitted=admitted,
            audits_agreed=self.agreed,
            audits_disagreed=self.disagreed,
            cells=(cell,),
            cost_saved=Decimal("0.25") * admitted,
            cost_cached=Decimal("0.5") * self.cached,
        )
        return PodState(
            name=self.name,
            revision=1,
            evidence=Evidence(
                revision=1,
                boot=f"{self.name}-{self.boot}",
                requests=RequestEvidence(
                    requests=admitted,
                    faults=self.disagreed,
                    failed=self.open,
                    cached=self.cached,
                    diverted=2 * self.cached,
                    refused=3 * self.cached,
                    cost_embeddings=Decimal("0.1") * self.cached,
                    surrogate_leg=LegCounters(
                        questions=admitted, slow=self.answers_slow
                    ),
                    teacher_leg=LegCounters(
                        questions=2 * admitted, slow=self.deferrals_slow
                    ),
                ),
                tasks=(task,),
            ),
        )


@dataclass
class Simulation:
    """Pods, and the evidence that an operator stores."""

    pods: list[Pod] = field(default_factory=lambda: [Pod(f"p{n}") for n in range(PODS)])
    kept: EvidenceStatus = field(default_factory=EvidenceStatus)
    read: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    whole: dict[str, Pod] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def poll(self, *, keeps: bool) -> None:
        """Poll all pods.

        Args:
            keeps: Whether the operator stores the result; it crashes otherwise.
        """
        states = [pod.state() for pod in self.pods if pod.present]
        folded = fold_evidence(self.kept, states)
        if not keeps:
            return
        self.kept = folded
        seen = {state.evidence.boot for state in states if state.evidence}
        silent = {state.name for state in states if state.evidence is None}
        for pod in self.pods:
            key = f"{pod.name}-{pod.boot}"
            if key in seen and key not in self.gone:
                self.read[key] = (pod.agreed, pod.disagreed, pod.open)
                self.whole[key] = replace(pod)
        for key in self.read:
            if key not in seen and key.rpartition("-")[0] not in silent:
                self.gone.add(key)


ACTIONS = st.one_of(
    st.tuples(st.just("count"), st.integers(0, PODS - 1), st.integers(0, 5)),
    st.tuples(st.just("open"), st.integers(0, PODS - 1), st.integers(0, 3)),
    st.tuples(st.just("settle"), st.integers(0, PODS - 1), st.booleans()),
    st.tuples(st.just("slow"), st.integers(0, PODS - 1), st.booleans()),
    st.tuples(st.just("repeat"), st.integers(0, PODS - 1)),
    st.tuples(st.just("restart"), st.integers(0, PODS - 1)),
    st.tuples(st.just("hide"), st.integers(0, PODS - 1), st.booleans()),
    st.tuples(st.just("mute"), st.integers(0, PODS - 1), st.booleans()),
)
Step = tuple[tuple[object, ...], bool | None]
HISTORIES = st.lists(
    st.tuples(ACTIONS, st.sampled_from([True, True, False, None])), max_size=40
)
"""Events; after each one, whether the operator polls and stores the result."""


def apply(world: Simulation, action: tuple[object, ...]) -> None:
    """Apply an event."""
    match action:
        case ("count", int(pod), int(agreed)):
            world.pods[pod].agreed += agreed
        case ("open", int(pod), int(number)):
            world.pods[pod].open += number
        case ("settle", int(pod), bool(disagrees)) if world.pods[pod].open:
            world.pods[pod].open -= 1
            world.pods[pod].disagreed += disagrees
            world.pods[pod].agreed += not disagrees
        case ("slow", int(pod), bool(answered)):
            world.pods[pod].answers_slow += answered
            world.pods[pod].deferrals_slow += not answered
        case ("repeat", int(pod)):
            world.pods[pod].cached += 1
        case ("restart", int(pod)):
            old = world.pods[pod]
            world.pods[pod] = Pod(old.name, boot=old.boot + 1)
        case ("hide", int(pod), bool(hidden)):
            world.pods[pod].present = not hidden
        case ("mute", int(pod), bool(mute)):
            world.pods[pod].answers = not mute


def counted(evidence: EvidenceStatus) -> tuple[int, int, int, int, str]:
    """Return the counters in the evidence."""
    counts = revision_total(evidence)
    if not counts.tasks:
        return (0, 0, 0, 0, "0")
    task = counts.tasks[0]
    in_cells = sum(cell.agreed + cell.disagreed for cell in task.cells)
    return (
        task.audits_agreed,
        task.audits_disagreed,
        task.audits_missing,
        in_cells,
        str(float(task.cost_saved)),
    )


@settings(max_examples=400, deadline=None)
@given(history=HISTORIES)
def test_evidence_is_added_exactly_once(history: list[Step]) -> None:
    world = Simulation()
    for action, keeps in history:
        apply(world, action)
        if keeps is not None:
            world.poll(keeps=keeps)
    read = world.read
    agreed = sum(agreed for agreed, _, _ in read.values())
    disagreed = sum(disagreed for _, disagreed, _ in read.values())
    # Audits that were open at the last poll of an ended process have no result.
    lost = sum(read[key][2] for key in world.gone)
    admitted = sum(sum(audits) for audits in read.values())
    expected = (agreed, disagreed, lost, agreed + disagreed, str(0.25 * admitted))
    if read:
        assert counted(world.kept) == expected
    assert revision_total(world.kept).requests == admitted


@settings(max_examples=400, deadline=None)
@given(history=HISTORIES)
def test_legs_and_counters_without_a_guard_are_added_exactly_once(
    history: list[Step],
) -> None:
    world = Simulation()
    for action, keeps in history:
        apply(world, action)
        if keeps is not None:
            world.poll(keeps=keeps)
    pods = world.whole.values()
    admitted = sum(pod.agreed + pod.disagreed + pod.open for pod in pods)
    cached = sum(pod.cached for pod in pods)
    found = revision_total(world.kept)
    assert Decimal(found.cost_embeddings) == Decimal("0.1") * cached
    assert found.model_copy(update={"tasks": ()}) == RevisionCounts(
        cost_embeddings=found.cost_embeddings,
        requests=admitted,
        faults=sum(pod.disagreed for pod in pods),
        failed=sum(pod.open for pod in pods),
        cached=cached,
        diverted=2 * cached,
        refused=3 * cached,
        surrogate_leg=LegCounters(
            questions=admitted, slow=sum(pod.answers_slow for pod in pods)
        ),
        teacher_leg=LegCounters(
            questions=2 * admitted, slow=sum(pod.deferrals_slow for pod in pods)
        ),
    )
    assert [float(task.cost_cached) for task in found.tasks] == (
        [0.5 * cached] if pods else []
    )


def test_a_pod_of_an_earlier_version_is_counted_without_separate_legs() -> None:
    old = Evidence.from_json(
        '{"revision": 1, "boot": "b", "requests": {"requests": 9, "slow": 4}}'
    )
    pod = PodState(name="old", revision=1, evidence=old)
    new = Pod("new", agreed=3, answers_slow=1).state()
    found = revision_total(fold_evidence(None, [pod, new]))
    assert found.requests == 12
    assert found.surrogate_leg == LegCounters(questions=3, slow=1)
    assert found.teacher_leg == LegCounters(questions=6)


def test_the_evidence_of_an_earlier_operator_is_continued() -> None:
    manifest = revision_manifest()
    manifest["status"] = {
        "evidence": {
            "retired": {"requests": 40, "slow": 2},
            "boots": [{"boot": "b", "pod": "p", "counts": {"requests": 9, "slow": 4}}],
        },
        "earlier": {"agreed": 5, "questions": 30, "slow": 2},
    }
    revision = TracerRevision.model_validate(manifest)
    assert revision_total(revision.status.evidence) == RevisionCounts(requests=49)
    assert guard_counts(revision) == {guard: GuardCount() for guard in GuardKind}


def test_a_pod_that_disappears_and_returns_is_not_counted_again() -> None:
    world = Simulation()
    pod = world.pods[0]
    pod.agreed = 5
    for present in (True, False, True):
        pod.present = present
        world.poll(keeps=True)
    assert counted(world.kept)[0] == 5


@given(history=HISTORIES)
def test_counters_never_decrease(history: list[Step]) -> None:
    world, before = Simulation(), RevisionTotals()
    for action, keeps in history:
        apply(world, action)
        if keeps is not None:
            world.poll(keeps=keeps)
        after = revision_total(world.kept)
        assert after.requests >= before.requests
        assert after.faults >= before.faults
        before = after


def test_without_evidence_all_counters_are_zero() -> None:
    assert revision_total(None) == RevisionCounts()
