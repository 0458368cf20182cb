"""The production configuration of gunicorn with beats of a second instead of a minute."""

from __future__ import annotations

from pathlib import Path

from jobs import embedded

embedded.TICK_S = 1
_real = Path(__file__).resolve().parents[2] / "gunicorn.conf.py"
exec(compile(_real.read_text(), str(_real), "exec"))
