"""Remember with a used token which call used it, so that a proxy may repeat that call."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; the version before this one goes on writing rows without it."""
    op.add_column("used_tokens", sa.Column("call", sa.Text))


def downgrade() -> None:
    """Drop the column."""
    with op.batch_alter_table("used_tokens") as table:
        table.drop_column("call")
