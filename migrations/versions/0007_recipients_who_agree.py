"""recipients with a rhythm of their own, who agree first; counting signups by index alone"""

import sqlalchemy as sa
from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SIGNUP = ['company_id', 'created_at', 'is_placeholder_email']
ASKED_BY = 'fk_report_recipient_asked_by_id'


def _columns() -> tuple[sa.Column, ...]:
    return (
        sa.Column('frequency', sa.String(length=32), server_default='daily', nullable=False),
        sa.Column('asked_by_id', sa.Integer(), nullable=True),
        sa.Column('confirmation_sent_at', MOMENT, nullable=True),
        sa.Column('confirmed_at', MOMENT, nullable=True),
    )


def upgrade() -> None:
    with op.batch_alter_table('report_recipient') as batch:
        for column in _columns():
            batch.add_column(column)
        batch.create_foreign_key(
            ASKED_BY, 'user_account', ['asked_by_id'], ['id'], ondelete='SET NULL'
        )
    # Whoever is mailed already goes on being mailed; whoever was taken off is asked, if ever.
    op.execute(
        'UPDATE report_recipient SET confirmed_at = reported_from_at WHERE removed_at IS NULL'
    )
    op.drop_index('ix_customer_signup', table_name='customer')
    op.create_index('ix_customer_signup', 'customer', [*SIGNUP, 'email_key'])


def downgrade() -> None:
    op.drop_index('ix_customer_signup', table_name='customer')
    op.create_index('ix_customer_signup', 'customer', SIGNUP)
    # The release before knows no copies, and none of whom it should not mail.
    op.execute("DELETE FROM report_delivery WHERE kind = 'copy'")
    op.execute(
        "UPDATE report_delivery SET skip_reason = 'recipient_removed'"
        " WHERE skip_reason IN ('recipient_off', 'not_confirmed')"
    )
    op.execute(
        'UPDATE report_recipient SET removed_at = reported_from_at'
        " WHERE removed_at IS NULL AND (frequency = 'off' OR confirmed_at IS NULL AND NOT EXISTS"
        ' (SELECT 1 FROM user_account WHERE user_account.company_id = report_recipient.company_id'
        ' AND user_account.email = report_recipient.address_key))'
    )
    with op.batch_alter_table('report_recipient') as batch:
        batch.drop_constraint(ASKED_BY, type_='foreignkey')
        for column in reversed(_columns()):
            batch.drop_column(column.name)
