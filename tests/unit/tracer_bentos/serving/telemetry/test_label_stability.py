"""A pod counts repeated inputs and changed answers of the teacher."""

from pathlib import Path

from support.serving_plane import serving
from support.serving_teacher import Teacher, teaching
from tracer_bentos.serving.telemetry.label_stability import LabelStability
from unit.tracer_bentos.serving.decision.test_surrogate_answers import ask


def test_the_first_answer_to_an_input_is_not_a_repeat() -> None:
    assert LabelStability().observe("task", "hello", "greeting") is None


def test_an_equal_answer_is_an_unchanged_repeat() -> None:
    stability = LabelStability()
    stability.observe("task", "hello", "greeting")

    assert stability.observe("task", "hello", "greeting") is False


def test_every_answer_that_differs_from_the_first_is_changed() -> None:
    stability = LabelStability()
    stability.observe("task", "hello", "greeting")

    found = [stability.observe("task", "hello", "other") for _ in range(2)]

    assert found == [True, True]


def test_an_input_of_another_task_is_not_a_repeat() -> None:
    stability = LabelStability()
    stability.observe("task", "hello", "greeting")

    assert stability.observe("another", "hello", "greeting") is None


def test_task_and_text_are_encoded_unambiguously() -> None:
    stability = LabelStability()
    stability.observe("ab", "c", "x")

    assert stability.observe("a", "bc", "x") is None


def test_the_least_recently_used_input_is_evicted() -> None:
    stability = LabelStability(max_inputs=2)
    for text in ("one", "two", "one", "three"):
        stability.observe("task", text, "x")

    assert stability.observe("task", "one", "x") is False
    assert stability.observe("task", "two", "x") is None


async def test_a_pod_reports_repeats_and_changed_answers(
    tmp_path: Path,
) -> None:
    teacher = Teacher(label=lambda _: "refund")
    async with teaching(teacher), serving(teacher.url, tmp_path) as plane:
        client = plane.client()
        for text in ("Refund this", "Refund this", "Refund that"):
            await ask(client, text)
        teacher.label = lambda _: "billing"
        await ask(client, "Refund this")
        evidence = (await plane.evidence()).tasks[0]
    assert (evidence.repeats, evidence.repeats_otherwise) == (2, 1)
