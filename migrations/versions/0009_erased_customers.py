"""remote customers whose customer was erased for good: nothing of who they are is stored again"""

import sqlalchemy as sa
from alembic import op


revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        'remote_customer', sa.Column('erased_at', sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    # The release before goes on ignoring them, and stores again what the books say of them.
    op.drop_column('remote_customer', 'erased_at')
