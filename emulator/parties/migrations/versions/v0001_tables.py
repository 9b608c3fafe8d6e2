"""The first tables. They are spelled out: what `tables.py` has later is no business of this migration."""

import sqlalchemy as sa
from alembic import op

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "starts",
        _seq(),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("began", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "resources",
        _seq(),
        *_of_resource(),
        sa.Column("created", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("resources_by_id", "resources", ["run", "kind", "id"], unique=True)
    op.create_index("resources_in_order", "resources", ["run", "kind", "seq"])
    op.create_table(
        "timers",
        _seq(),
        *_of_resource(),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("timers_due", "timers", ["at", "seq"])
    op.create_index("timers_by_resource", "timers", ["run", "kind", "id", "at", "seq"])
    op.create_table(
        "owed",
        _seq(),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *_of_event(),
        sa.Column("leased_until", sa.BigInteger),
        sa.Column("holder", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("owed_in_order", "owed", ["run", "subscription", "seq"])
    op.create_index("owed_due", "owed", ["due"])
    op.create_table(
        "dead_letters",
        _seq(),
        sa.Column("id", sa.Text, nullable=False),
        *_of_event(),
        sqlite_autoincrement=True,
    )
    op.create_index("dead_letters_in_order", "dead_letters", ["run", "seq"])
    op.create_table(
        "exchanges",
        _seq(),
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("elapsed_ms", sa.Float, nullable=False),
        sa.Column("about", sa.LargeBinary, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("response", sa.LargeBinary),
        sqlite_autoincrement=True,
    )
    op.create_index("exchanges_in_order", "exchanges", ["run", "seq"])


def _seq() -> sa.Column[int]:
    return sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True)


def _of_resource() -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in ("run", "kind", "id")]


def _of_event() -> list[sa.Column[object]]:
    return [
        sa.Column("run", sa.Text, nullable=False),
        sa.Column("api", sa.Text, nullable=False),
        sa.Column("subscription", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("due", sa.BigInteger, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("fault", sa.Text),
    ]
