"""What a server loads before it answers anything."""

from __future__ import annotations

import os
import subprocess
import sys

#: Libraries for work that most pages never do; each costs every process of a server time and room.
LATER = {
    *("alembic", "apscheduler", "cryptography", "css_inline", "email_validator", "flask_migrate"),
    *(
        "mako",
        "nicknames",
        "numpy",
        "oauthlib",
        "phonenumbers",
        "procrastinate",
        "psycopg",
        "rapidfuzz",
    ),
    *("prometheus_client", "requests", "requests_oauthlib", "sandbox", "urllib3"),
}
PROGRAMME = """
import sys
from app import create_app
create_app()
print(*{name.split('.')[0] for name in sys.modules})
"""


def test_a_server_that_has_just_started_holds_no_library_that_can_wait(tmp_path):
    environment = os.environ | {
        "PYTHONPATH": os.getcwd(),
        "BLUECLERK_INSTANCE_FOLDER": str(tmp_path),
    }

    finished = subprocess.run(
        [sys.executable, "-c", PROGRAMME], env=environment, capture_output=True, text=True
    )

    loaded = set(finished.stdout.split())
    assert "flask" in loaded, finished.stderr
    assert loaded & LATER == set()
