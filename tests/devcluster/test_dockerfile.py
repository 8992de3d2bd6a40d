import pytest

from devcluster.dockerfile import expand, parse
from devcluster.errors import DockerfileError


def test_continued_lines_are_one_instruction_at_its_first_line() -> None:
    found = parse("# a comment\n\nCOPY a \\\n  # inside\n  b /c\n")
    assert [(item.line, item.name, item.words()) for item in found] == [
        (3, "COPY", ["a", "b", "/c"])
    ]


def test_the_json_form_keeps_words_with_spaces() -> None:
    (found,) = parse('ENTRYPOINT ["python3", "-m", "a b"]')
    assert found.exact() == ["python3", "-m", "a b"]


def test_flags_are_separated_from_the_value() -> None:
    (found,) = parse("COPY --chown=1:2 --chmod=600 a b")
    assert (dict(found.flags), found.value) == ({"chown": "1:2", "chmod": "600"}, "a b")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$A/x", "1/x"),
        ("${A}x", "1x"),
        ("${B:-other}", "other"),
        ("${A:-other}", "1"),
        ("${A:+set}", "set"),
        ("${B:+set}", ""),
        (r"\$A", "$A"),
    ],
)
def test_variables_are_expanded_as_in_docker(value: str, expected: str) -> None:
    assert expand(value, {"A": "1"}) == expected


@pytest.mark.parametrize("name", ["RUN", "ADD", "HEALTHCHECK", "VOLUME", "ONBUILD"])
def test_an_unsupported_instruction_is_rejected_with_its_line(name: str) -> None:
    with pytest.raises(DockerfileError, match=f"line 2: {name}"):
        parse(f"FROM scratch\n{name} something")


def test_both_forms_of_env_are_supported() -> None:
    modern, old = parse('ENV A=1 B="two words"\nENV C and the rest')
    assert (modern.pairs(), old.pairs()) == (
        {"A": "1", "B": "two words"},
        {"C": "and the rest"},
    )
