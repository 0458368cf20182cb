"""What the benchmarks of pages serve: our application, and what it is held against.

`bare` is the limit: Flask-Login, one query by hand, and one template that yields what our page
yields, packed as ours is. It is not a page that could take its place: nothing in it is asked of the
database but one row, there is no role, no token against forged forms, no policy in the headers, and
nobody could keep the template. Its page of ten lines is what a first measurement takes for a limit.
At `/unsynced` it does what is written first: the list is read inside the request that opens it.
"""

from __future__ import annotations

import gc
import os
import re
import sqlite3
import threading
import time
from pathlib import Path

from flask import Flask, render_template_string
from flask_compress import Compress
from flask_login import LoginManager, UserMixin, current_user, login_required, login_user

from blueprints.compression import SETTINGS

DATABASE, OUR_PAGE = "BENCHMARK_DATABASE", "BENCHMARK_PAGE"
#: How long the naive page waits for a provider: ten pages, 150 ms each, one after the other.
READING_S = 1.5
READING = """SELECT name, counted_count, finished_at FROM remote_account
JOIN reading ON reading.account_id = remote_account.id WHERE remote_account.id = ?
ORDER BY reading.id DESC LIMIT 1"""
NAVIGATION = ("Integrations", "Customers", "Reports", "Settings")
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{{ row.display_name }}
</title><link rel="stylesheet" href="/static/app.css"></head><body><header><nav><ul>
{% for name in navigation %}<li><a href="/{{ name|lower }}">{{ name }}</a></li>{% endfor %}
</ul><p>{{ current_user.name }}</p></nav></header><main><h1>{{ row.display_name }}</h1>
<dl>{% for key in row.keys() %}<dt>{{ key }}</dt><dd>{{ row[key] }}</dd>{% endfor %}</dl>
<details><summary>Customers who are not here yet</summary></details>
<form method="post" action="/check"><button>Check again</button></form></main></body></html>"""


_LINK = re.compile(r'<li><a href="([^"{]*)"[^>]*>([^<]*)</a></li>')
_LINKS = """{% for address, word in links %}<li><a href="{{ address }}">{{ word }}</a></li>
{% endfor %}"""


class Admin(UserMixin):
    """Whoever is signed in, from one row."""

    def __init__(self, user_id: int, name: str) -> None:
        self.id, self.name = user_id, name


def bare() -> Flask:
    """Return the least that a page behind a login can be."""
    app = Flask("bare")
    app.secret_key = "k" * 32
    app.config.from_mapping(SETTINGS | {"COMPRESS_REGISTER": True})
    Compress(app)
    template = app.jinja_env.from_string(PAGE)
    ours = Path(os.environ[OUR_PAGE]).read_text("utf-8") if OUR_PAGE in os.environ else ""
    like_ours, links = app.jinja_env.from_string(_as_template(ours)), _links(ours)
    rows = _Rows(os.environ[DATABASE])
    LoginManager(app).user_loader(
        lambda user_id: Admin(*rows.one("SELECT id, name FROM user_account WHERE id=?", user_id))
    )

    @app.get("/")
    @login_required
    def page() -> str:
        row = rows.one("SELECT * FROM remote_account WHERE id = ?", 1)
        return template.render(row=row, navigation=NAVIGATION, current_user=current_user)

    @app.get("/like-ours")
    @login_required
    def page_like_ours() -> str:
        row = rows.one(READING, 1)
        return like_ours.render(row=row, links=links, current_user=current_user)

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


def _as_template(page: str) -> str:
    """Return one template without a part or a function that renders the page again.

    Its names, numbers and links are values; all else is text.
    """
    text = re.sub("({[{%#]|[}%#]})", r"{{ '\1' }}", page)
    text = text.replace(">Ada<", ">{{ current_user.name }}<")
    text = text.replace("Harbor Heating &amp; Air LLC", "{{ row.name }}")
    text = text.replace("1,204 customers", "{{ '{:,}'.format(row.counted_count) }} customers")
    text = _LINK.sub(_LINKS, text, count=1)
    return _LINK.sub("", text)


def _links(page: str) -> list[tuple[str, str]]:
    return [(found[1], found[2]) for found in _LINK.finditer(page)]


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
    gc.disable()  # as gunicorn.conf.py does
    from app import start_serving

    app = ours()
    start_serving(app)
    return app
