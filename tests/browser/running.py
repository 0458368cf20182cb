"""An import that stands still in the middle, because a real one is over before anybody looks."""

from __future__ import annotations

from tests.system.demo import Demo, open_database

LATEST = "WHERE id = (SELECT max(id) FROM import_run)"
# A lease that ends later than any that is given now would be taken for one that is over.
HELD = f"""UPDATE import_run SET state = 'running', finished_at = NULL, lease_owner = 'nobody',
  lease_until_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '+55 seconds'),
  began_at = strftime('%Y-%m-%d %H:%M:%f', 'now', '-10 seconds'),
  chosen_count = chosen_count * 2 {LATEST}"""
RELEASED = f"""UPDATE import_run SET state = 'finished', finished_at = created_at,
  chosen_count = chosen_count / 2 {LATEST}"""


def hold_import(demo: Demo) -> None:
    """Let the latest import have half of its customers before it."""
    _change(demo, HELD)


def release_import(demo: Demo) -> None:
    """Let it have ended."""
    _change(demo, RELEASED)


def _change(demo: Demo, statement: str) -> None:
    with open_database(demo.folder / "demo.db") as database:
        database.execute(statement)
