"""Resources can be found by their externalId."""

import json

import sqlalchemy as sa
from alembic import op

from emulator.parties.store import marks_of
from emulator.parties.tables import Name

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None

_PAGE = 500


def upgrade() -> None:
    """Add the column, fill it from what is there, and index it."""
    op.add_column("resources", sa.Column("external", sa.Text))
    resources = sa.table(
        "resources", sa.column("seq", sa.BigInteger), sa.column("body", sa.LargeBinary), sa.column("external", Name)
    )
    connection, after = op.get_bind(), -1
    while rows := connection.execute(
        sa.select(resources.c.seq, resources.c.body)
        .where(resources.c.seq > after)
        .order_by(resources.c.seq)
        .limit(_PAGE)
    ).all():
        for row in rows:
            if (external := marks_of(json.loads(bytes(row.body)))["external"]) is not None:
                there = resources.c.seq == row.seq
                connection.execute(sa.update(resources).where(there).values(external=external))
        after = rows[-1].seq
    some = sa.text("external IS NOT NULL")
    op.create_index(
        "resources_by_external",
        "resources",
        ["run", "kind", "external", "seq"],
        sqlite_where=some,
        postgresql_where=some,
    )
