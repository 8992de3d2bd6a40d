"""Fixed parts of texts, with and without a comparison of requests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer_bentos.tasks.mining import mine_instruction_template, mine_user_template
from tracer_bentos.tasks.template import Template, TemplateCache

NAMES = ["Ann", "Bob", "Eve de la Cruz", "Dan", "Ida", "Max", "Li", "Zoë", "O'Hara"]
PROMPT = "You help {name} at ACME. Sort each ticket into billing, refund or other."


@pytest.mark.parametrize(
    "moment",
    [
        "2026-11-25",
        "2026-11-25T09:41:22Z",
        "2026-11-25 09:41:22.123 UTC",
        "25.11.2026",
        "11/25/2026, 09:41:22",
        "25 November 2026",
        "Wednesday, November 25th, 2026 at 09:41:22",
        "Nov 5, 2026",
        "123e4567-e89b-12d3-a456-426614174000",
        "session 1764063682123",
    ],
)
def test_dates_times_and_ids_are_not_fixed_parts(moment: str) -> None:
    one = Template.from_texts(f"Today is {moment}. Sort the ticket.")
    two = Template.from_texts("Today is 2025-01-01. Sort the ticket.")
    assert one.literals[-1] == two.literals[-1] == ". Sort the ticket."
    assert len(one.literals) == 2


@pytest.mark.parametrize(
    "text",
    [
        "Answer in at most 20 words, with 3 labels.",
        "We are open from 9:00 to 17:00.",
        "Use GPT-4 style; version 1.2.3; May is a month.",
        "Choose 1-2-3 or A/B.",
        "",
    ],
)
def test_other_numbers_are_fixed_parts(text: str) -> None:
    assert Template.from_texts(text) == Template((text,))


def test_a_date_is_input_but_times_and_ids_are_not() -> None:
    cache = TemplateCache()
    assert cache.get("It is 2026-11-25T09:41:22Z.").variable_text == "2026-11-25"
    request = cache.get("Request 123e4567-e89b-12d3-a456-426614174000.")
    assert request.variable_text == ""


def test_match_returns_the_variable_parts() -> None:
    template = Template(("Hi ", ", your ", "!"))
    assert template.match("Hi Ann, your order, your refund!") == (
        "Ann",
        "order, your refund",
    )
    assert template.match("Hi Ann, my order!") is None
    assert Template(("ab", "ba")).match("aba") is None


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4), st.data())
def test_a_template_filled_with_any_values_matches(
    literals: list[str], data: st.DataObject
) -> None:
    gaps = len(literals) - 1
    values = data.draw(st.lists(st.text(max_size=5), min_size=gaps, max_size=gaps))
    pairs = zip(literals, [*values, ""], strict=True)
    text = "".join(literal + value for literal, value in pairs)
    template = Template(tuple(literals))
    matched = template.match(text)
    assert matched is not None
    filled = zip(literals, [*matched, ""], strict=True)
    assert "".join(literal + value for literal, value in filled) == text


def test_the_cache_removes_texts_above_its_size() -> None:
    cache = TemplateCache(characters=10)
    first = cache.get("a" * 8)
    assert cache.get("a" * 8) is first
    cache.get("b" * 8)
    assert cache.get("a" * 8) is not first


def test_a_comparison_finds_names_in_instructions() -> None:
    template = mine_instruction_template([PROMPT.format(name=name) for name in NAMES])
    assert template
    assert [template.match(PROMPT.format(name=name)) for name in ("Kim", "X Y")] == [
        ("Kim ",),
        ("X Y ",),
    ]


def test_a_comparison_finds_passages_and_dates_in_instructions() -> None:
    prompt = (
        "Today is 2026-11-25.\nUse only these passages:\n{passage}\nSort the ticket"
        " into one of billing, refund, other and answer with that word alone."
    )
    passages = [" ".join(f"w{n * m % 97}" for m in range(1, 40)) for n in range(1, 13)]
    template = mine_instruction_template(
        [prompt.format(passage=passage) for passage in passages]
    )
    assert template
    later = prompt.format(passage="Quite another one.").replace("11-25", "12-31")
    assert template.match(later) == ("2026-12-31", "Quite another one.\n")


def test_long_instructions_have_a_fixed_beginning_and_end() -> None:
    rules = "Sort each ticket by the rules of the house. " * 300
    prompts = [f"{rules}You help {name} today. {rules}" for name in NAMES]
    template = mine_instruction_template(prompts)
    assert template
    assert template.match(f"{rules}You help Kim today. {rules}") == ("Kim",)


def test_different_prompts_have_no_common_template() -> None:
    words = [
        "red",
        "green",
        "blue",
        "sun",
        "moon",
        "sea",
        "tree",
        "bird",
        "fish",
        "stone",
    ]
    prompts = [f"{w} {w}er tells {w}est of all {w}s in a {w}y {w}land" for w in words]
    assert mine_instruction_template(prompts) is None


def test_text_that_repeats_around_the_input_is_found() -> None:
    texts = [
        f"Classify the ticket below.\nTicket: {n} {n * n}\nLabel:" for n in range(9)
    ]
    (template,) = mine_user_template(texts)
    assert template.literals == ("Classify the ticket below.\nTicket: ", "\nLabel:")


def test_two_kinds_of_input_have_two_templates() -> None:
    one = [f"Classify the ticket below: {n} {n * n}" for n in range(10)]
    two = [f"Translate the text into French: {n} {n * n}" for n in range(10)]
    literals = {template.literals[0] for template in mine_user_template([*one, *two])}
    assert literals == {
        "Classify the ticket below: ",
        "Translate the text into French: ",
    }


def test_texts_written_by_people_have_no_template() -> None:
    texts = [f"Hello, I have {n} orders and order {n * n} is late" for n in range(20)]
    greetings = [f"Hello, {word}" for word in "abcdefghijkl"]
    assert mine_user_template(greetings) == []
    assert all(template.size < 30 for template in mine_user_template(texts))
