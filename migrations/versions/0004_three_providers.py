"""three providers as they really behave: limits, choices, life of tokens, re-checks"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UNSYNCED = sa.text("state = 'unsynced'")


def _text(name: str, length: int | None = None) -> sa.Column:
    kind = sa.String(length=length) if length else sa.Text()
    return sa.Column(name, kind, server_default='', nullable=False)


def _switch(name: str) -> sa.Column:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def _number(name: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default='0', nullable=False)


def _columns() -> dict[str, tuple[sa.Column, ...]]:
    # Each has a value by itself, so the release before this one can still write rows.
    return {
        'connection': (
            sa.Column('spare_refresh_token', sa.LargeBinary(), nullable=True),
            sa.Column('hard_expires_at', MOMENT, nullable=True),
            sa.Column('renewed_at', MOMENT, nullable=True),
            sa.Column('renewal_failed_at', MOMENT, nullable=True),
            _text('installation', 200),
            sa.Column('reconnect_reason', sa.String(length=32), nullable=True),
            sa.Column('reconnect_told_at', MOMENT, nullable=True),
            sa.Column('quota_minute_left', sa.Integer(), nullable=True),
            sa.Column('quota_day_left', sa.Integer(), nullable=True),
            sa.Column('quota_at', MOMENT, nullable=True),
            sa.Column('clock_skew_s', sa.Integer(), nullable=True),
            _switch('rechecks_daily'),
            sa.Column('recheck_call_budget', sa.Integer(), server_default='100', nullable=False),
            _switch('reports_new'),
            sa.Column('looked_at', MOMENT, nullable=True),
            _number('looked_reading_id'),
        ),
        'consent_request': (
            sa.Column('public_id', sa.String(length=16), nullable=True),
            sa.Column('sealed_tokens', sa.LargeBinary(), nullable=True),
            _text('offered_accounts'),
        ),
        'reading': (
            sa.Column('origin', sa.String(length=32), server_default='opened', nullable=False),
            _number('unreadable_count'),
            sa.Column('call_limit', sa.Integer(), nullable=True),
            sa.Column('at_least_count', sa.Integer(), nullable=True),
            _text('lost_field', 32),
            _switch('accepts_loss'),
        ),
        'remote_customer': (
            _text('other_phones'),
            _text('other_addresses'),
            sa.Column('merged_into_remote_id', sa.String(length=64), nullable=True),
        ),
    }


def upgrade() -> None:
    op.create_table('provider_call',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('provider', sa.String(length=16), nullable=False),
    sa.Column('remote_account_id', sa.String(length=64), nullable=False),
    sa.Column('begun_at', MOMENT, nullable=False),
    sa.Column('until_at', MOMENT, nullable=False),
    sa.Column('ended_at', MOMENT, nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_provider_call'))
    )
    op.create_index('ix_provider_call_account', 'provider_call', ['provider', 'remote_account_id'])
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    op.create_index('uq_consent_request_public_id', 'consent_request', ['public_id'], unique=True)
    op.create_index(
        'ix_remote_customer_new',
        'remote_customer',
        ['account_id', 'first_reading_id'],
        sqlite_where=UNSYNCED,
        postgresql_where=UNSYNCED,
    )


def downgrade() -> None:
    op.drop_index('ix_remote_customer_new', table_name='remote_customer')
    op.drop_index('uq_consent_request_public_id', table_name='consent_request')
    for table, columns in reversed(_columns().items()):
        for column in reversed(columns):
            # Not in a batch: rebuilding a table on SQLite loses its partial indexes.
            op.drop_column(table, column.name)
    op.drop_index('ix_provider_call_account', table_name='provider_call')
    op.drop_table('provider_call')
