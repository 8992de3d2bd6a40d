"""The key for the teacher: one file of a folder that can have other files."""

from pathlib import Path

import pytest

from tracer_bentos.serving.auth.teacher_key import TeacherKey, TeacherKeyRejected


def test_other_files_in_the_folder_of_the_key_are_ignored(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("sk-mine\n")
    (tmp_path / "photo").write_bytes(b"\xff\xfe\x00")
    assert TeacherKey(tmp_path / "key", "api.openai.com").current() == "sk-mine"


@pytest.mark.parametrize("content", ["sk-a\r\nx-evil: 1", "sk-\u00e9", "sk-\x00b"])
def test_a_key_with_control_or_non_ascii_characters_is_never_sent(
    content: str, tmp_path: Path
) -> None:
    (tmp_path / "key").write_bytes(content.encode())
    with pytest.raises(TeacherKeyRejected, match="not one line of printable ASCII"):
        TeacherKey(tmp_path / "key", "api.openai.com").current()
