"""A pod counts inputs that come again, and whether the teacher still says the same."""

from pathlib import Path

from support.serving_plane import serving
from support.serving_teacher import Teacher, teaching
from tracer_bentos.serving.telemetry.label_stability import LabelStability
from unit.tracer_bentos.serving.decision.test_surrogate_answers import ask


def test_the_first_answer_to_an_input_is_no_repeat() -> None:
    assert LabelStability().observe("task", "hello", "greeting") is None


def test_the_same_answer_again_is_a_repeat_that_agrees() -> None:
    repeats = LabelStability()
    repeats.observe("task", "hello", "greeting")

    assert repeats.observe("task", "hello", "greeting") is False


def test_every_answer_unlike_the_first_is_otherwise() -> None:
    repeats = LabelStability()
    repeats.observe("task", "hello", "greeting")

    found = [repeats.observe("task", "hello", "other") for _ in range(2)]

    assert found == [True, True]


def test_an_input_of_another_task_is_no_repeat() -> None:
    repeats = LabelStability()
    repeats.observe("task", "hello", "greeting")

    assert repeats.observe("another", "hello", "greeting") is None


def test_task_and_text_do_not_run_into_each_other() -> None:
    repeats = LabelStability()
    repeats.observe("ab", "c", "x")

    assert repeats.observe("a", "bc", "x") is None


def test_the_input_unused_for_longest_is_forgotten() -> None:
    repeats = LabelStability(max_inputs=2)
    for text in ("one", "two", "one", "three"):
        repeats.observe("task", text, "x")

    assert repeats.observe("task", "one", "x") is False
    assert repeats.observe("task", "two", "x") is None


async def test_a_pod_reports_what_came_again_and_was_answered_otherwise(
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
