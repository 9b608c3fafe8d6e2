"""The pace of the clock."""

import sqlalchemy as sa
from alembic import op

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make its table."""
    op.create_table(
        "pace",
        sa.Column("key", sa.Integer, primary_key=True),
        sa.Column("real", sa.BigInteger, nullable=False),
        sa.Column("shown", sa.BigInteger, nullable=False),
        sa.Column("rate", sa.Float, nullable=False),
    )
