"""links that are mailed and used once; when a sign-in last proved its password"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table('sign_in') as batch:
        batch.add_column(sa.Column('password_checked_at', MOMENT, nullable=True))
    # Whoever is signed in has proved the password then, and once more before what matters.
    op.execute('UPDATE sign_in SET password_checked_at = created_at')
    with op.batch_alter_table('sign_in') as batch:
        batch.alter_column('password_checked_at', existing_type=MOMENT, nullable=False)
    op.create_table(
        'one_time_link',
        sa.Column('id', sa.Integer(), nullable=False),
        sa.Column('public_id', sa.String(length=16), nullable=False),
        sa.Column('company_id', sa.Integer(), nullable=False),
        sa.Column('purpose', sa.String(length=32), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=True),
        sa.Column('email', sa.String(length=254), nullable=False),
        sa.Column('role', sa.String(length=32), nullable=True),
        sa.Column('created_by_id', sa.Integer(), nullable=True),
        sa.Column('created_at', MOMENT, nullable=False),
        sa.Column('expires_at', MOMENT, nullable=False),
        sa.Column('next_attempt_at', MOMENT, nullable=True),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('sent_at', MOMENT, nullable=True),
        sa.Column('used_at', MOMENT, nullable=True),
        sa.Column('ended_at', MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ['company_id'],
            ['company.id'],
            name=op.f('fk_one_time_link_company_id'),
            ondelete='CASCADE',
        ),
        sa.ForeignKeyConstraint(
            ['created_by_id'],
            ['user_account.id'],
            name=op.f('fk_one_time_link_created_by_id'),
            ondelete='SET NULL',
        ),
        sa.ForeignKeyConstraint(
            ['user_id'],
            ['user_account.id'],
            name=op.f('fk_one_time_link_user_id'),
            ondelete='CASCADE',
        ),
        sa.PrimaryKeyConstraint('id', name=op.f('pk_one_time_link')),
        sa.UniqueConstraint('public_id', name=op.f('uq_one_time_link_public_id')),
    )
    op.create_index('ix_one_time_link_address', 'one_time_link', ['purpose', 'email'])
    op.create_index('ix_one_time_link_mail', 'one_time_link', ['next_attempt_at'])
    for column in ('company_id', 'user_id'):
        op.create_index(f'ix_one_time_link_{column}', 'one_time_link', [column])


def downgrade() -> None:
    op.drop_table('one_time_link')
    with op.batch_alter_table('sign_in') as batch:
        batch.drop_column('password_checked_at')
