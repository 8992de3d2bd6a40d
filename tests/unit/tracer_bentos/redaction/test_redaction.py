"""What redaction replaces, what it keeps, and where it applies."""

import time
from importlib import metadata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.serving_plane import PROMPT, certified, serving, until
from support.serving_teacher import teaching
from tracer_bentos.redaction import standard
from tracer_bentos.redaction.redactor import build_redactor
from tracer_bentos.redaction.standard import StandardRedactor
from tracer_bentos.training.data.redaction_filter import redact_as_served
from tracer_core.contracts.redaction import Redaction, RedactionPattern
from tracer_core.contracts.traces import TraceRecord
from tracer_core.errors import SpecError

TICKETS = Redaction(patterns=(RedactionPattern(name="ticket", pattern="T-[0-9]+"),))


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("write to ann.lee+x@mail.example.co.uk now", "write to [email] now"),
        ("call +49 (30) 1234-5678 today", "call [phone] today"),
        ("call 030 1234567", "call [phone]"),
        ("card 4111 1111 1111 1111.", "card [card]."),
        ("card 4111-1111-1111-1111.", "card [card]."),
        ("card 378282246310005.", "card [card]."),
        ("not a card 4111 1111 1111 1112", "not a card [number]"),
        ("key sk-proj-abcdefghijklmnop1234", "key [key]"),
        ("AKIAABCDEFGHIJKLMNOP", "[key]"),
        ("token 0123456789abcdef0123456789abcdef", "token [key]"),
        ("order 12345, 3 items at 10:15", "order 12345, 3 items at 10:15"),
        ("skateboarding-instructors risk-assessment", None),
        ("on 2026-11-24", None),
    ],
)
def test_only_personal_or_secret_parts_are_replaced(
    text: str, redacted: str | None
) -> None:
    result = StandardRedactor().redact(text)
    assert result == (text if redacted is None else redacted)
    assert StandardRedactor().redact(result) == result


@pytest.mark.parametrize("part", ["a@", "1 ", "a-1", "sk-", "eyJ", "a.", "(1-"])
def test_a_hostile_text_does_not_take_long(part: str) -> None:
    start = time.perf_counter()
    StandardRedactor().redact(part * 20_000)
    assert time.perf_counter() - start < 2


PARTS = ["a@b.co", " ", "sk-", "eyJabcdefgh.ab", "x" * 16, "12345", "-", "AKIA", "٣"]


@given(st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_the_fast_checks_do_not_change_the_result(text: str) -> None:
    expected = standard._EMAIL.sub("[email]", text)  # noqa: SLF001
    expected = standard._KEY.sub("[key]", expected)  # noqa: SLF001
    expected = standard._DIGITS.sub(standard._placeholder, expected)  # noqa: SLF001
    assert StandardRedactor().redact(text) == expected


def test_a_pattern_with_exponential_backtracking_takes_linear_time() -> None:
    hostile = RedactionPattern(name="x", pattern="(a+)+b")
    redactor = build_redactor(Redaction(patterns=(hostile,)))
    assert redactor.redact("a" * 100_000) == "a" * 100_000
    assert redactor.redact("aaab") == "[x]"


def test_patterns_apply_after_the_redactor_and_are_part_of_its_identity() -> None:
    redactor = build_redactor(TICKETS)
    assert redactor.redact("T-77 of ann@example.com") == "[ticket] of [email]"
    other = RedactionPattern(name="ticket", pattern="T-[0-9]")
    identities = {
        build_redactor(redaction).identity
        for redaction in (TICKETS, Redaction(), Redaction(patterns=(other,)))
    }
    assert len(identities) == 3
    assert StandardRedactor.identity in identities


@pytest.mark.parametrize(
    ("pattern", "fault"),
    [
        ("(x", "missing"),
        ("x*", r"'x\*' must not match the empty string"),
        ("", "'' must not match the empty string"),
        ("a|", r"'a\|' must not match the empty string"),
    ],
)
def test_an_invalid_pattern_is_refused_by_name(pattern: str, fault: str) -> None:
    mine = RedactionPattern(name="mine", pattern=pattern)
    with pytest.raises(SpecError, match=f"redact pattern 'mine'.*{fault}"):
        build_redactor(Redaction(patterns=(mine,)))


class Theirs:
    """A redactor of an installed package."""

    identity = "theirs/7"

    def redact(self, text: str) -> str:
        return text.replace("secret", "[hush]")


def test_a_package_can_add_a_redactor(monkeypatch: pytest.MonkeyPatch) -> None:
    point = metadata.EntryPoint(
        "theirs", f"{__name__}:Theirs", "tracer_router.redactors"
    )
    points = metadata.EntryPoints([point])
    monkeypatch.setattr(metadata.EntryPoint, "load", lambda _: Theirs)
    monkeypatch.setattr("tracer_bentos.redaction.redactor.entry_points", points.select)
    redactor = build_redactor(Redaction(redactor="theirs"))
    assert (redactor.identity, redactor.redact("a secret")) == ("theirs/7", "a [hush]")


async def test_without_its_redactor_a_pod_stores_nothing_and_the_teacher_answers(
    tmp_path: Path,
) -> None:
    absent = Redaction(redactor="theirs")
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, redaction=absent) as plane,
    ):
        answer = await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "Refund"}]
        )
        evidence = await plane.evidence()
    assert answer.choices[0].message.content == "refund"
    assert "redactor 'theirs' is not installed" in (evidence.capture.trouble or "")
    assert (evidence.requests.traces_logged, plane.traces()) == (0, [])


async def test_a_changed_redactor_disables_the_surrogate(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, redaction=TICKETS) as plane,
    ):
        client = plane.client()
        ask = {
            "model": "gpt-test",
            "messages": [
                {"role": "system", "content": PROMPT},
                {"role": "user", "content": "Refund for T-77"},
            ],
        }
        await client.chat.completions.create(**ask)
        await until(lambda: plane.data_plane.counters.traces_written == 1)
        evidence = await plane.evidence()
        await plane.push(certified(evidence.tasks[0].task, audit=0.0))
        raw = await client.chat.completions.with_raw_response.create(**ask)
        evidence = await plane.evidence()
    trace = plane.traces()[0]
    assert trace["input"] == "Refund for [ticket]"
    assert trace["redaction"] == build_redactor(TICKETS).identity
    assert raw.headers.get("x-tracer-decision") is None
    assert "was certified on texts redacted by standard/2" in (
        evidence.surrogate.reason or ""
    )


async def test_with_capture_disabled_nothing_is_stored(tmp_path: Path) -> None:
    async with (
        teaching() as teacher,
        serving(teacher.url, tmp_path, capture=False) as plane,
    ):
        await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "Refund"}]
        )
        counts = (await plane.evidence()).requests
    assert (counts.teacher, counts.traces_logged, counts.traces_dropped) == (1, 0, 0)
    assert plane.traces() == []


async def test_a_text_that_is_too_long_to_classify_is_forwarded(tmp_path: Path) -> None:
    async with teaching() as teacher, serving(teacher.url, tmp_path) as plane:
        await plane.client().chat.completions.create(
            model="gpt-test", messages=[{"role": "user", "content": "long " * 20_000}]
        )
        evidence = await plane.evidence()
    assert (evidence.requests.teacher, evidence.tasks) == (1, ())


def test_training_reads_the_same_redacted_texts_as_serving() -> None:
    redactor = build_redactor(TICKETS)
    raw = TraceRecord(input="T-1 of ann@example.com", teacher="refund")
    served = redact_as_served(raw, redactor)
    assert served
    assert (served.input, served.teacher) == ("[ticket] of [email]", "refund")
    same = raw.model_copy(update={"redaction": redactor.identity})
    assert redact_as_served(same, redactor) is same
    assert redact_as_served(same, StandardRedactor()) is None
    personal = TraceRecord(input="who", teacher="ann@example.com")
    without_label = personal.model_copy(update={"teacher": None})
    assert redact_as_served(personal, redactor) == without_label
