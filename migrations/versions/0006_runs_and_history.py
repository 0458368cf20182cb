"""imports that pause, stop and are undone; the history of customers; what differs over a link"""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
RUNNING = sa.text("state = 'running'")
ACTIVE = sa.text("state IN ('queued', 'running', 'paused')")
ACTIVE_BEFORE = sa.text("state IN ('queued', 'running')")
DIFFERING = sa.text("differing <> ''")
NO_EMAIL = sa.text('is_placeholder_email')


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length=length), server_default='', nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default='0', nullable=False)


def _id(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), nullable=True)


def _kind(name: str) -> sa.Column:
    return sa.Column(name, sa.String(length=32), nullable=True)


REFERENCES = {
    'import_run': (
        ('undoes_id', 'import_run', 'CASCADE'),
        ('continues_id', 'import_run', 'SET NULL'),
        ('stopped_by_id', 'user_account', 'SET NULL'),
    ),
    'import_item': (('touched_by_id', 'user_account', 'SET NULL'),),
}


def _columns() -> dict[str, tuple[sa.Column, ...]]:
    # Each has a value by itself, so the release before this one can still write rows.
    return {
        'import_run': (
            sa.Column('kind', sa.String(length=32), server_default='import', nullable=False),
            _id('undoes_id'),
            _id('continues_id'),
            _id('stopped_by_id'),
            sa.Column('began_at', MOMENT, nullable=True),
            sa.Column('wants_stop', sa.Boolean(), server_default=sa.false(), nullable=False),
            _kind('pause_reason'),
            _kind('pause_failure'),
            sa.Column('paused_until_at', MOMENT, nullable=True),
            _number('pause_count'),
            _number('call_count'),
            _number('removed_count'),
            _number('unlinked_count'),
            _number('kept_count'),
        ),
        'import_item': (
            _kind('planned'),
            _id('planned_customer_id'),
            _number('seen_revision'),
            _text('reason_code', 32),
            _id('touched_by_id'),
            sa.Column('touched_at', MOMENT, nullable=True),
        ),
        'customer_link': (_text('differing', 100),),
    }


def _reference(name: str, other: str, ondelete: str, *, nullable: bool = True) -> sa.Column:
    return sa.Column(
        name, sa.Integer(), sa.ForeignKey(f'{other}.id', ondelete=ondelete), nullable=nullable
    )


def _create_customer_event() -> None:
    op.create_table(
        'customer_event',
        sa.Column('id', sa.Integer(), primary_key=True),
        _reference('company_id', 'company', 'CASCADE', nullable=False),
        _reference('customer_id', 'customer', 'CASCADE', nullable=False),
        sa.Column('at', MOMENT, nullable=False),
        _reference('user_id', 'user_account', 'SET NULL'),
        sa.Column('action', sa.String(length=32), nullable=False),
        _reference('account_id', 'remote_account', 'SET NULL'),
        _reference('run_id', 'import_run', 'SET NULL'),
        _text('field', 32),
        _text('before', 500),
        _text('after', 500),
    )
    op.create_index('ix_customer_event_company_id', 'customer_event', ['company_id'])
    op.create_index('ix_customer_event_customer', 'customer_event', ['customer_id', 'at'])


def _index(
    name: str, table: str, columns: list[str], rows: sa.TextClause, *, unique: bool = False
) -> None:
    op.create_index(name, table, columns, unique=unique, sqlite_where=rows, postgresql_where=rows)


def upgrade() -> None:
    op.drop_index('uq_import_run_active', table_name='import_run')
    for table, columns in _columns().items():
        # In a batch, because SQLite adds no constraint to a table that is there. Rebuilding a
        # table there loses its partial indexes: these come afterwards.
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(column)
            for name, other, ondelete in REFERENCES.get(table, ()):
                key = f'fk_{table}_{name}'
                batch.create_foreign_key(key, other, [name], ['id'], ondelete=ondelete)
    _index('uq_import_run_running', 'import_run', ['account_id'], RUNNING, unique=True)
    _index('ix_import_run_active', 'import_run', ['account_id', 'id'], ACTIVE)
    op.create_index('ix_import_run_undoes_id', 'import_run', ['undoes_id'])
    _index('ix_customer_link_differing', 'customer_link', ['account_id', 'customer_id'], DIFFERING)
    _index('ix_customer_no_email', 'customer', ['company_id', 'sort_key', 'id'], NO_EMAIL)
    _create_customer_event()
    op.create_index('ix_audit_event_action', 'audit_event', ['company_id', 'action', 'at'])


def downgrade() -> None:
    op.drop_index('ix_audit_event_action', table_name='audit_event')
    op.drop_table('customer_event')
    op.drop_index('ix_customer_no_email', table_name='customer')
    op.drop_index('ix_customer_link_differing', table_name='customer_link')
    for name in ('ix_import_run_undoes_id', 'ix_import_run_active', 'uq_import_run_running'):
        op.drop_index(name, table_name='import_run')
    # The release before knows no undo, no pause and no second run that waits.
    op.execute(
        "DELETE FROM import_item WHERE run_id IN (SELECT id FROM import_run WHERE kind = 'undo')"
    )
    op.execute("DELETE FROM import_run WHERE kind = 'undo'")
    op.execute(
        "UPDATE import_run SET state = 'finished', finished_at = created_at "
        "WHERE state IN ('queued', 'running', 'paused', 'stopped')"
    )
    op.execute("UPDATE remote_customer SET why = 'unlinked' WHERE why = 'let_go'")
    for table, columns in reversed(_columns().items()):
        with op.batch_alter_table(table) as batch:
            for name, _, _ in REFERENCES.get(table, ()):
                batch.drop_constraint(f'fk_{table}_{name}', type_='foreignkey')
            for column in reversed(columns):
                batch.drop_column(column.name)
    _index('uq_import_run_active', 'import_run', ['account_id'], ACTIVE_BEFORE, unique=True)
