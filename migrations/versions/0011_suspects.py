"""an index of the customers whose addresses look like placeholders without the flag"""

import sqlalchemy as sa
from alembic import op


revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None

SIGNUP = ['company_id', 'created_at', 'is_placeholder_email']
LOOKS_SO = (
    "NOT is_placeholder_email"
    " AND (lower(email_key) LIKE '%@%p%l%a%c%e%h%o%l%d%e%r%.%l%o%c%a%l%'"
    " OR lower(email_key) LIKE '%40%p%l%a%c%e%h%o%l%d%e%r%.%l%o%c%a%l%'"
    " OR {} <> length(email_key))"
)


def upgrade() -> None:
    op.create_index(
        'ix_customer_suspect',
        'customer',
        [*SIGNUP, 'email_key'],
        sqlite_where=sa.text(LOOKS_SO.format('length(CAST(email_key AS BLOB))')),
        postgresql_where=sa.text(LOOKS_SO.format('octet_length(email_key)')),
    )
    op.drop_index('ix_customer_signup', table_name='customer')
    op.create_index('ix_customer_signup', 'customer', SIGNUP)


def downgrade() -> None:
    op.drop_index('ix_customer_signup', table_name='customer')
    op.create_index('ix_customer_signup', 'customer', [*SIGNUP, 'email_key'])
    op.drop_index('ix_customer_suspect', table_name='customer')
