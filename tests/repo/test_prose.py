"""What people read is in plain technical English, and the linter finds what is not."""

import pytest

from scripts.prose_lint import ROOT, check_text, prose_of, tracked_files


def found(path: str, text: str) -> list[tuple[int, str]]:
    return [(finding.line, finding.found) for finding in check_text(path, text)]


def test_no_file_has_a_finding() -> None:
    findings = [
        str(finding)
        for path in tracked_files()
        for finding in check_text(path, (ROOT / path).read_text())
    ]
    assert findings == []


@pytest.mark.parametrize(
    ("path", "text", "findings"),
    [
        ("page.md", "# Title\n\nThe pod says why.\n", [(3, "says")]),
        ("page.md", "What `says` a [pod](says.md)?\n\n    says it\n", []),
        ("page.md", "<!-- prose: off -->\nWe say.\n<!-- prose: on -->\n", []),
        ("code.py", "said = 1  # nobody reads it\n", [(1, "nobody")]),
        ("code.py", 'raise ValueError(f"say a {said!r} number")\n', [(1, "say a")]),
        ("code.py", 'key = "says"\n', []),
        ("code.py", '"""Give the answer."""\n', [(1, "Give")]),
        ("values.yaml", "said: 1\n# Whoever reads this.\n", [(2, "Whoever")]),
    ],
)
def test_only_prose_is_checked(
    path: str, text: str, findings: list[tuple[int, str]]
) -> None:
    assert found(path, text) == findings


def test_lines_stay_where_they_are() -> None:
    text = '"""One."""\n\nx = 1  # two words\n'
    assert prose_of("code.py", text).count("\n") == text.count("\n")
