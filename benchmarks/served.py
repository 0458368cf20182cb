"""What the benchmarks of pages serve: our application, and what it is held against.

`bare` is the limit: Flask-Login, one query by hand, one template. `naive` is what is written
first: the list is read inside the request that opens it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time

from flask import Flask, render_template_string
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

DATABASE = "BENCHMARK_DATABASE"
#: How long the naive page waits for a provider: ten pages, 150 ms each, one after the other.
READING_S = 1.5
NAVIGATION = ("Integrations", "Customers", "Reports", "Settings")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ row.display_name }}
</title><link rel="stylesheet" href="/static/app.css"></head><body><header><nav><ul>
{% for name in navigation %}<li><a href="/{{ name|lower }}">{{ name }}</a></li>{% endfor %}
</ul><p>{{ current_user.name }}</p></nav></header><main><h1>{{ row.display_name }}</h1>
<dl>{% for key in row.keys() %}<dt>{{ key }}</dt><dd>{{ row[key] }}</dd>{% endfor %}</dl>
<details><summary>Customers who are not here yet</summary></details>
<form method="post" action="/check"><button>Check again</button></form></main></body></html>"""


class Admin(UserMixin):
    """Whoever is signed in, from one row."""

    def __init__(self, user_id: int, name: str) -> None:
        self.id, self.name = user_id, name


def bare() -> Flask:
    """Return the least that a page behind a login can be."""
    app = Flask("bare")
    app.secret_key = "k" * 32
    template = app.jinja_env.from_string(PAGE)
    rows = _Rows(os.environ[DATABASE])
    LoginManager(app).user_loader(
        lambda user_id: Admin(*rows.one("SELECT id, name FROM user_account WHERE id=?", user_id))
    )

    @app.get("/")
    @login_required
    def page() -> str:
        row = rows.one("SELECT * FROM remote_account WHERE id = ?", 1)
        return template.render(row=row, navigation=NAVIGATION, current_user=current_user)

    @app.get("/login/<int:user_id>")
    def sign_in(user_id: int) -> str:
        login_user(Admin(user_id, ""))
        return ""

    @app.get("/unsynced")
    @login_required
    def read() -> str:
        time.sleep(READING_S)
        return render_template_string("<p>{{ count }} are not here yet.</p>", count=182)

    return app


class _Rows:
    """A connection for each thread, kept open."""

    def __init__(self, database: str) -> None:
        self._database, self._local = database, threading.local()

    def one(self, statement: str, value: object) -> sqlite3.Row:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = sqlite3.connect(self._database)
            connection.row_factory = sqlite3.Row
        row: sqlite3.Row = connection.execute(statement, (value,)).fetchone()
        return row


def ours() -> Flask:
    """Return our application, which nothing works beside."""
    from app import create_app

    return create_app()


def ours_at_work() -> Flask:
    """Return our application as the server starts it, jobs and all."""
    from app import start_serving

    app = ours()
    start_serving(app)
    return app
