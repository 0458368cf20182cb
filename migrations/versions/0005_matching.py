"""matching: kept parts and keys, suggestions, bins, and what people decide about them"""

import unicodedata
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UNKEPT = sa.text('kept_revision <> revision')
UNSYNCED, NOT_UNSYNCED = sa.text("state = 'unsynced'"), sa.text("state <> 'unsynced'")
FACETS = ('bin', 'has_email', 'why', 'balance_cents')
# Columns after the account, and for which rows; every search and count stays inside one of them.
INDEXES = {
    'list': (('state', 'sort_key', 'id'), NOT_UNSYNCED),
    'bins': ((*FACETS, 'state'), UNSYNCED),
    'unsynced': (
        ('state', 'balance_cents', 'id', 'bin', 'has_email', 'why', 'currency'),
        UNSYNCED,
    ),
    'new': (('state', 'first_reading_id', 'id', *FACETS), UNSYNCED),
    'search': (
        ('state', 'sort_key', 'id', 'search_text', 'first_reading_id', *FACETS),
        UNSYNCED,
    ),
}
INDEXES_BEFORE = {
    'list': (('state', 'sort_key', 'id'), None),
    'unsynced': (('balance_cents', 'id', 'currency', 'has_email', 'state'), UNSYNCED),
    'new': (('first_reading_id',), UNSYNCED),
}
REFRESHED_ROWS = 1_000
BARRED_LETTERS = str.maketrans(
    {'ł': 'l', 'ø': 'o', 'đ': 'd', 'ð': 'd', 'ħ': 'h', 'ŧ': 't', 'ŋ': 'n', 'ı': 'i', 'þ': 'th'}
    | {'æ': 'ae', 'œ': 'oe', '’': "'", '‘': "'", '‐': '-', '–': '-', '—': '-'}
)
TABLES = (
    'kept_customer',
    'customer_key',
    'kept_remote',
    'remote_key',
    'kept_frequencies',
    'match_suggestion',
    'look_alike',
    'told_apart',
    'review_choice',
)


def _text(name: str, length: int) -> sa.Column:
    return sa.Column(name, sa.String(length=length), server_default='', nullable=False)


def _number(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), server_default=default, nullable=False)


def _columns() -> dict[str, tuple[sa.Column, ...]]:
    # Each has a value by itself, so the release before this one can still write rows.
    return {
        'customer': (_number('revision', '1'), _number('kept_revision', '0')),
        'remote_customer': (
            _text('ignore_reason', 200),
            _number('revision', '1'),
            _number('kept_revision', '0'),
            sa.Column('bin', sa.String(length=32), server_default='waiting', nullable=False),
            sa.Column('why', sa.String(length=32), server_default='never_imported', nullable=False),
            _text('why_text', 200),
            sa.Column('why_at', MOMENT, nullable=True),
        ),
        'remote_account': (
            _text('match_lease_owner', 64),
            sa.Column('match_lease_until_at', MOMENT, nullable=True),
            sa.Column('matched_at', MOMENT, nullable=True),
            _number('cleaning_version', '0'),
            _text('match_region', 2),
        ),
        'import_run': (
            sa.Column('creates_maybes', sa.Boolean(), server_default=sa.false(), nullable=False),
        ),
    }


def _row_of(name: str, table: str, *, key: bool = False, ondelete: str = 'CASCADE') -> sa.Column:
    reference = sa.ForeignKey(f'{table}.id', ondelete=ondelete)
    return sa.Column(name, sa.Integer(), reference, primary_key=key, nullable=False)


def _optional_row_of(name: str, table: str, ondelete: str) -> sa.Column:
    return sa.Column(name, sa.Integer(), sa.ForeignKey(f'{table}.id', ondelete=ondelete))


def _index(table: str, *columns: str) -> None:
    op.create_index(f'ix_{table}_{"_".join(columns)}', table, list(columns))


def _create_kept() -> None:
    op.create_table(
        'kept_customer',
        _row_of('customer_id', 'customer', key=True),
        _row_of('company_id', 'company'),
        sa.Column('cleaned', sa.Text(), nullable=False),
    )
    _index('kept_customer', 'company_id')
    op.create_table(
        'customer_key',
        sa.Column('company_id', sa.Integer(), primary_key=True),
        sa.Column('key', sa.BigInteger(), primary_key=True),
        sa.Column('customer_id', sa.Integer(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        'kept_remote',
        _row_of('remote_customer_id', 'remote_customer', key=True),
        _row_of('account_id', 'remote_account'),
        sa.Column('cleaned', sa.Text(), nullable=False),
    )
    _index('kept_remote', 'account_id')
    op.create_table(
        'remote_key',
        sa.Column('account_id', sa.Integer(), primary_key=True),
        sa.Column('key', sa.BigInteger(), primary_key=True),
        sa.Column('remote_customer_id', sa.Integer(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        'kept_frequencies',
        _row_of('account_id', 'remote_account', key=True),
        sa.Column('packed', sa.LargeBinary(), nullable=False),
        sa.Column('party_count', sa.Integer(), nullable=False),
        sa.Column('counted_at', MOMENT, nullable=False),
    )


def _create_found() -> None:
    op.create_table(
        'match_suggestion',
        sa.Column('id', sa.Integer(), primary_key=True),
        _row_of('account_id', 'remote_account'),
        _row_of('remote_customer_id', 'remote_customer'),
        _row_of('customer_id', 'customer'),
        sa.Column('tier', sa.String(length=16), nullable=False),
        sa.Column('score', sa.Double(), nullable=False),
        sa.Column('reasons', sa.Text(), nullable=False),
        sa.UniqueConstraint('remote_customer_id', 'customer_id'),
    )
    _index('match_suggestion', 'account_id')
    _index('match_suggestion', 'customer_id')
    op.create_table(
        'look_alike',
        _row_of('remote_customer_id', 'remote_customer', key=True),
        _row_of('other_id', 'remote_customer', key=True),
        sa.Column('reasons', sa.Text(), nullable=False),
    )
    _index('look_alike', 'other_id')


def _create_decided() -> None:
    op.create_table(
        'told_apart',
        sa.Column('id', sa.Integer(), primary_key=True),
        _row_of('company_id', 'company'),
        _row_of('account_id', 'remote_account'),
        sa.Column('remote_id', sa.String(length=64), nullable=False),
        _optional_row_of('customer_id', 'customer', 'CASCADE'),
        sa.Column('other_remote_id', sa.String(length=64), nullable=True),
        _optional_row_of('decided_by_id', 'user_account', 'SET NULL'),
        sa.Column('decided_at', MOMENT, nullable=False),
    )
    _index('told_apart', 'company_id')
    _index('told_apart', 'customer_id')
    for name, column in (('customer', 'customer_id'), ('other', 'other_remote_id')):
        pair = ['account_id', 'remote_id', column]
        op.create_index(f'uq_told_apart_{name}', 'told_apart', pair, unique=True)
    op.create_table(
        'review_choice',
        _row_of('remote_customer_id', 'remote_customer', key=True),
        _row_of('account_id', 'remote_account'),
        sa.Column('outcome', sa.String(length=32), nullable=False),
        _optional_row_of('customer_id', 'customer', 'CASCADE'),
        sa.Column('batch', sa.String(length=16), nullable=False),
        _optional_row_of('decided_by_id', 'user_account', 'SET NULL'),
        sa.Column('decided_at', MOMENT, nullable=False),
    )
    for column in ('account_id', 'batch', 'customer_id'):
        _index('review_choice', column)


def _index_remote_customers(after: dict, before: dict) -> None:
    for name in before:
        op.drop_index(f'ix_remote_customer_{name}', table_name='remote_customer')
    for name, (columns, where) in after.items():
        op.create_index(
            f'ix_remote_customer_{name}',
            'remote_customer',
            ['account_id', *columns],
            sqlite_where=where,
            postgresql_where=where,
        )


def _add_texts_without_accents() -> None:
    """Add a line without accents to the texts that are searched; the lines before it stay, so
    that the release before this one still finds what it found."""
    for name in ('customer', 'remote_customer'):
        table = sa.table(name, sa.column('id', sa.Integer), sa.column('search_text', sa.Text))
        for changed in _changed_texts(table):
            op.get_bind().execute(
                sa.update(table)
                .where(table.c.id == sa.bindparam('row_id'))
                .values(search_text=sa.bindparam('new_text')),
                changed,
            )


def _changed_texts(table: sa.TableClause) -> Iterator[list[dict]]:
    last_id = 0
    while True:
        rows = op.get_bind().execute(
            sa.select(table.c.id, table.c.search_text)
            .where(table.c.id > last_id)
            .order_by(table.c.id)
            .limit(REFRESHED_ROWS)
        )
        texts = {row_id: text for row_id, text in rows}
        if not texts:
            return
        changed = [
            {'row_id': row_id, 'new_text': _with_bare_lines(text)}
            for row_id, text in texts.items()
            if not text.isascii()
        ]
        if changed:
            yield changed
        last_id = max(texts)


def _with_bare_lines(text: str) -> str:
    lines = text.split('\n')
    return '\n'.join(dict.fromkeys((*lines, *map(_bare, lines))))


def _bare(line: str) -> str:
    apart = unicodedata.normalize('NFKD', line.translate(BARRED_LETTERS))
    return ''.join(letter for letter in apart if not unicodedata.combining(letter))


def upgrade() -> None:
    _create_kept()
    _create_found()
    _create_decided()
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)
    for table, owner in (('customer', 'company_id'), ('remote_customer', 'account_id')):
        op.create_index(
            f'ix_{table}_unkept',
            table,
            [owner, 'revision'],
            sqlite_where=UNKEPT,
            postgresql_where=UNKEPT,
        )
    # Texts first: the index that holds them is not there yet.
    _add_texts_without_accents()
    _index_remote_customers(INDEXES, INDEXES_BEFORE)


def downgrade() -> None:
    _index_remote_customers(INDEXES_BEFORE, INDEXES)
    op.drop_index('ix_remote_customer_unkept', table_name='remote_customer')
    op.drop_index('ix_customer_unkept', table_name='customer')
    for table, columns in reversed(_columns().items()):
        for column in reversed(columns):
            # Not in a batch: rebuilding a table on SQLite loses its partial indexes.
            op.drop_column(table, column.name)
    for table in reversed(TABLES):
        op.drop_table(table)
