"""Resources can be found by their state and by their project."""

import json

import sqlalchemy as sa
from alembic import op

from emulator.parties.store import marks_of
from emulator.parties.tables import Name

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None

_PAGE = 500
_NEW = ("state", "project")


def upgrade() -> None:
    """Add the columns, fill them from what is there, and index them."""
    for name in _NEW:
        op.add_column("resources", sa.Column(name, sa.Text))
    resources = sa.table(
        "resources",
        sa.column("seq", sa.BigInteger),
        sa.column("body", sa.LargeBinary),
        *(sa.column(name, Name) for name in _NEW),
    )
    connection, after = op.get_bind(), -1
    while rows := connection.execute(
        sa.select(resources.c.seq, resources.c.body)
        .where(resources.c.seq > after)
        .order_by(resources.c.seq)
        .limit(_PAGE)
    ).all():
        for row in rows:
            marks = marks_of(json.loads(bytes(row.body)))
            if new := {name: marks[name] for name in _NEW if marks[name] is not None}:
                connection.execute(sa.update(resources).where(resources.c.seq == row.seq).values(**new))
        after = rows[-1].seq
    for name in _NEW:
        some = sa.text(f"{name} IS NOT NULL")
        op.create_index(
            f"resources_by_{name}",
            "resources",
            ["run", "kind", name, "seq"],
            sqlite_where=some,
            postgresql_where=some,
        )
