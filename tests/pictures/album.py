"""A plain page to look through the pictures."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from tests.pictures.looks import LOOKS, file_name

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem; background: #888; color: #000 }
div { display: flex; gap: 1rem; align-items: start; overflow-x: auto }
img { max-height: 32rem; max-width: none; border: 1px solid #333 }
"""


def write_album(folder: Path, places: Iterable[str]) -> Path:
    """Write index.html with the pictures there are of each place, and return where it is."""
    rows = "\n".join(_row(folder, place) for place in places)
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Screens</title><style>{STYLE}</style></head>
<body><h1>Screens</h1>
{rows}
</body></html>
"""
    path = folder / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def _row(folder: Path, place: str) -> str:
    files = [name for look in LOOKS if (folder / (name := file_name(place, look))).exists()]
    pictures = "".join(f'<a href="{file}"><img src="{file}" alt="{file}"></a>' for file in files)
    return f"<h2>{escape(place)}</h2><div>{pictures}</div>" if files else ""
