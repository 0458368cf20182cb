"""an index of the readings that remote customers were first seen in, so that the others can go"""

from alembic import op


revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        'ix_remote_customer_first_reading_id', 'remote_customer', ['first_reading_id']
    )


def downgrade() -> None:
    op.drop_index('ix_remote_customer_first_reading_id', table_name='remote_customer')
