"""create_app: builds the runtime and hands it down; the only file that knows all others."""

from __future__ import annotations

import gc
import os
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

from flask import Flask
from sqlalchemy import make_url
from sqlalchemy.orm import sessionmaker
from werkzeug.middleware.proxy_fix import ProxyFix

import blueprints
import commands
from blueprints.watching import Watched
from config import Environment, JobsEngine, LogFormat, Settings, SettingsError, load_settings
from extensions import csrf, db, login_manager
from jobs.distributed import DistributedEngine
from jobs.embedded import EmbeddedEngine
from services.database import prepare_engine
from services.log_context import tell_wake
from services.logs import configure_logging
from services.metrics import count_call, start_counting
from services.metrics_page import MetricsPage
from services.private_files import OpenFolder, check_folder, make_private
from services.providers.contract import ProviderKey
from services.providers.registry import ProviderAccess
from services.runtime import Clock, Runtime, Wake, utc_now
from services.smtp import SmtpMailer
from services.token_vault import TokenVault

MAX_FORM_BYTES = 1_000_000
#: Of one process, web or worker: as many as a web process has threads, and some for a busy moment.
KEPT_CONNECTIONS, MORE_CONNECTIONS = 8, 4
CONNECTION_WAITS_S = 10
SESSION_LIFETIME = timedelta(days=7)
#: A person waits before a page; the daily report waits longer.
PAGE_WAITS_S = 30.0
#: For so long one thread may calculate while others wait; beside a job that does, a tenth of what
#: Python lets it halves the slowest pages and costs the job nothing that could be measured.
TURN_S = 0.0005


def create_app(
    settings: Settings | None = None, *, wake: Wake | None = None, clock: Clock = utc_now
) -> Flask:
    """Return the application. None reads the settings from the environment.

    `wake` and `clock` are for tests; without them jobs run by the engine of the settings: in this
    process once `app.extensions["jobs"].start()` was called by whoever serves, or by workers.
    """
    settings = settings or load_settings()
    app = Flask(__name__, instance_path=str(settings.instance_folder.resolve()))
    app.config.from_mapping(_flask_config(settings))
    app.extensions["settings"] = settings
    _prepare_database(app, settings)
    engine = _engine(settings)
    runtime = _runtime(app, settings, wake=_telling(wake or engine.wake), clock=clock)
    engine.attach(runtime)
    app.extensions["runtime"] = runtime
    app.extensions["jobs"] = engine
    app.extensions["metrics"] = MetricsPage()
    _check_metrics_folder(settings.metrics_folder)
    csrf.init_app(app)
    login_manager.init_app(app)
    blueprints.register(app)
    commands.register(app)
    _start_jobs_under_flask_run(app, engine)
    if settings.proxy_count:
        count = settings.proxy_count
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=count, x_proto=count, x_host=count
        )
    app.wsgi_app = Watched(  # type: ignore[method-assign]
        app.wsgi_app,
        trusts_proxy=settings.proxy_count > 0,
        tells_all=settings.log_format is LogFormat.JSON,
    )
    return app


def _telling(wake: Wake) -> Wake:
    """Let the log lead from the request that asked for a job to the job."""

    def tell_and_wake(job: str, row_id: int) -> None:
        tell_wake(job, row_id)
        wake(job, row_id)

    return tell_and_wake


def _flask_config(settings: Settings) -> dict[str, object]:
    return {
        "SECRET_KEY": settings.secret_key,
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": _engine_options(settings.database_url),
        "SESSION_COOKIE_NAME": "__Host-blueclerk" if settings.is_secure else "blueclerk",
        "SESSION_COOKIE_SECURE": settings.is_secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": SESSION_LIFETIME,
        # A page that was asked for before the token changed must not bring the old one back.
        "SESSION_REFRESH_EACH_REQUEST": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "MAX_CONTENT_LENGTH": MAX_FORM_BYTES,
    }


def _engine_options(database_url: str) -> dict[str, object]:
    """Return how a process keeps its connections to a server; docs/operations.md has the sum.

    They are looked at before they are used: the server may have been restarted.
    """
    if database_url.startswith("sqlite"):
        return {}
    return {
        "pool_pre_ping": True,
        "pool_size": KEPT_CONNECTIONS,
        "max_overflow": MORE_CONNECTIONS,
        "pool_timeout": CONNECTION_WAITS_S,
        "connect_args": {"connect_timeout": CONNECTION_WAITS_S},
    }


def _prepare_database(app: Flask, settings: Settings) -> None:
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        path = Path(app.instance_path) / url.database
        _keep_private(path, refuses_open_folder=settings.env is Environment.PRODUCTION)
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def _keep_private(path: Path, *, refuses_open_folder: bool) -> None:
    """Keep the SQLite file to its owner, new or old."""
    try:
        if refuses_open_folder:
            check_folder(path.parent)
        make_private(path)
    except OpenFolder as error:
        raise SettingsError(f"BLUECLERK_DATABASE_URL cannot be used: {error}") from error
    except OSError as error:
        raise SettingsError(
            f"BLUECLERK_DATABASE_URL cannot be used: {path}: {error.strerror}."
        ) from error


def _check_metrics_folder(name: str) -> None:
    folder = Path(name)
    # Of os.path, because those of Path raise where nobody may look, or a name is too long.
    place = folder if os.path.exists(folder) else folder.parent
    is_usable = os.path.isdir(place) and os.access(place, os.W_OK)
    if name and not (folder.is_absolute() and is_usable):
        raise SettingsError(
            f"BLUECLERK_METRICS_FOLDER is {name!r}; it must be the whole path of a folder that may "
            "be written to, such as /var/lib/blueclerk/metrics."
        )


def _engine(settings: Settings) -> EmbeddedEngine | DistributedEngine:
    if settings.jobs_engine is JobsEngine.PROCRASTINATE:
        return DistributedEngine()
    return EmbeddedEngine()


def _runtime(app: Flask, settings: Settings, *, wake: Wake, clock: Clock) -> Runtime:
    def access(provider: ProviderKey) -> ProviderAccess:
        credentials = settings.providers[provider.value]
        return ProviderAccess(
            client_id=credentials.client_id,
            client_secret=credentials.client_secret,
            environment=credentials.environment,
            sandbox_url=settings.sandbox_url,
            on_call=partial(count_call, provider.value),
        )

    with app.app_context():
        # A row keeps its values after the commit: reading one would open the next transaction.
        sessions = sessionmaker(db.engine, expire_on_commit=False)
    return Runtime(
        sessions=sessions,
        vault=TokenVault(settings.token_keys),
        access=access,
        public_base_url=settings.public_base_url,
        wake=wake,
        clock=clock,
        mailer=_mailer(settings),
        quick_mailer=_quick_mailer(settings),
        mail_from=settings.mail_from,
        link_key=settings.secret_key,
        retention=settings.retention,
        has_workers=settings.jobs_engine is JobsEngine.PROCRASTINATE,
    )


def _mailer(settings: Settings) -> SmtpMailer | None:
    if settings.smtp is None:
        return None
    return SmtpMailer(settings.smtp, own_name=settings.mail_from.rpartition("@")[2])


def _quick_mailer(settings: Settings) -> SmtpMailer | None:
    """Return one that holds a thread of the server for half a minute at most."""
    if settings.smtp is None:
        return None
    return SmtpMailer(
        settings.smtp,
        own_name=settings.mail_from.rpartition("@")[2],
        before_dot_timeout_s=PAGE_WAITS_S / 2,
        final_dot_timeout_s=PAGE_WAITS_S / 2,
    )


def _start_jobs_under_flask_run(app: Flask, engine: EmbeddedEngine | DistributedEngine) -> None:
    """Start the jobs with the first request where `flask run` serves.

    gunicorn starts them by its own hook. The reloader's parent never serves a request, so it
    never runs a job.
    """
    if os.environ.get("FLASK_RUN_FROM_CLI") == "true":
        app.before_request(engine.start)


def start_serving(app: Flask) -> None:
    """Start logs, counts and jobs in the process that serves; commands and tests never call it."""
    settings: Settings = app.extensions["settings"]
    configure_logging(is_json=settings.log_format is LogFormat.JSON)
    start_counting(settings.metrics_folder)
    sys.setswitchinterval(TURN_S)
    # What is here now stays; to look through all of it, now and then, everybody waited 60 ms.
    gc.freeze()
    gc.enable()
    app.extensions["jobs"].start()
