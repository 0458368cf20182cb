"""The tables in which Procrastinate keeps wake-ups: made, renewed and kept small.

They hold nothing but wake-ups, so they are never migrated: those of another release of the library
are dropped and made anew, and the sweep wakes again whatever was lost with them. Another program's
tables of the same names hold its jobs, and are left alone.
"""

from __future__ import annotations

import hashlib

from procrastinate.schema import SchemaManager
from sqlalchemy import Connection, Engine, text

from config import SettingsError

#: A worker that has not beaten for so long is gone, and so are the wake-ups that it had taken.
GONE_S = 60.0

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('blueclerk'), hashtext('tables'))")
_MAY_CREATE = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
_MARK = "made by "
_MADE_BY = text(
    "SELECT coalesce(obj_description(oid, 'pg_class'), '') FROM pg_class"
    " WHERE oid = to_regclass('procrastinate_jobs')"
)
_DROPS = text(
    r"""
    SELECT 'DROP FUNCTION ' || oid::regprocedure || ' CASCADE' FROM pg_proc
     WHERE pronamespace = current_schema()::regnamespace AND proname LIKE 'procrastinate\_%'
    UNION ALL
    SELECT 'DROP TABLE ' || oid::regclass || ' CASCADE' FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
       AND relname LIKE 'procrastinate\_%'
    UNION ALL
    SELECT 'DROP TYPE ' || type.oid::regtype || ' CASCADE' FROM pg_type AS type
      LEFT JOIN pg_class ON pg_class.oid = type.typrelid
     WHERE type.typnamespace = current_schema()::regnamespace
       AND type.typname LIKE 'procrastinate\_%'
       AND (type.typtype = 'e' OR pg_class.relkind = 'c')
    """
)
_CLEAR = (
    text(
        "DELETE FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing') OR status = 'doing'"
        " AND (worker_id IS NULL OR worker_id IN (SELECT id FROM procrastinate_workers"
        " WHERE last_heartbeat < now() - make_interval(secs => :gone_s)))"
    ),
    text(
        "DELETE FROM procrastinate_workers"
        " WHERE last_heartbeat < now() - make_interval(secs => :gone_s)"
    ),
)


def prepare_tables(engine: Engine) -> None:
    """Make the tables, or make them anew if another release made them; one process at a time.

    Raises SettingsError where the user of the database may not, or they are another program's.
    """
    schema = SchemaManager.get_schema()
    made_by = f"{_MARK}{hashlib.sha256(schema.encode()).hexdigest()[:16]}"
    with engine.begin() as connection:
        connection.execute(_LOCK)
        found = connection.scalar(_MADE_BY)
        if found == made_by:
            return
        if found is not None and not found.startswith(_MARK):
            raise SettingsError(
                "BLUECLERK_DATABASE_URL names a database in which another program keeps its jobs "
                "(procrastinate_jobs). Give BlueClerk a database of its own."
            )
        if not connection.scalar(_MAY_CREATE):
            raise SettingsError(
                "BLUECLERK_DATABASE_URL names a user who may not make tables there. "
                "Grant it CREATE on the schema, then start the worker again."
            )
        for statement in connection.scalars(_DROPS).all():
            connection.exec_driver_sql(statement)
        _execute_many(connection, schema)
        connection.exec_driver_sql(f"COMMENT ON TABLE procrastinate_jobs IS '{made_by}'")


def clear_tables(engine: Engine) -> None:
    """Delete wake-ups that are over, and those that a killed worker had taken."""
    with engine.begin() as connection:
        for statement in _CLEAR:
            connection.execute(statement, {"gone_s": GONE_S})


def _execute_many(connection: Connection, statements: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(statements.encode())
