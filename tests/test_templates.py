"""What every template keeps: escaped, no inline script or style, a first line that explains."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# Mails are another matter: their clients drop everything but inline style.
TEMPLATES = [
    path
    for folder in (ROOT / "templates", ROOT / "sandbox" / "templates")
    for path in sorted(folder.rglob("*.*"))
    if "emails" not in path.parts
]
INLINE = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|hx-on|javascript:", re.I)
UNQUOTED = re.compile(r"=\{\{")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_a_template_is_escaped_and_has_nothing_inline(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert path.suffix == ".html"
    assert "|safe" not in text.replace(" ", "")
    assert "autoescape false" not in text
    assert INLINE.findall(text) == []
    assert UNQUOTED.findall(text) == []


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.name.startswith("_")], ids=_name
)
def test_a_partial_names_its_variables_first(path: Path) -> None:
    first_line = path.read_text(encoding="utf-8").splitlines()[0]

    assert first_line.startswith("{#")


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_every_post_form_carries_a_token(path: Path) -> None:
    forms = re.findall(r"<form.*?</form>", path.read_text(encoding="utf-8"), re.S | re.I)

    posting = [form for form in forms if re.search(r'method="post"', form, re.I)]

    if "sandbox" not in path.parts:
        assert [form for form in posting if "csrf_token" not in form] == []
