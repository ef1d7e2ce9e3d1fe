"""Create consultations, cards, feedback and used tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create all tables."""
    op.create_table(
        "consultations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        *_texts("client", "tenant", "hook", "service", "hook_instance", "patient_key"),
        *_texts("content_version"),
        sa.Column("suppressed", sa.JSON, nullable=False),
        sa.Column("missing", sa.JSON, nullable=False),
        sa.Column("latency_ms", sa.Float, nullable=False),
        *_texts("status"),
    )
    op.create_index("consultations_by_time", "consultations", ["at", "id"])
    op.create_index("consultations_by_patient", "consultations", ["patient_key"])
    op.create_table(
        "consultation_orders",
        sa.Column("consultation_id", sa.Uuid, _owner("consultations.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        *_texts("order_key", "procedure", "variant", "rating", "topic"),
    )
    op.create_index("consultation_orders_by_key", "consultation_orders", ["order_key"])
    op.create_table(
        "cards",
        sa.Column("uuid", sa.Text, primary_key=True),
        sa.Column("consultation_id", sa.Uuid, _owner("consultations.id"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        *_texts("card", "rule", "indicator", "order_key"),
    )
    op.create_index("cards_by_consultation", "cards", ["consultation_id"])
    op.create_index("cards_by_rule", "cards", ["rule"])
    op.create_table(
        "suggestions",
        sa.Column("uuid", sa.Text, primary_key=True),
        sa.Column("card_uuid", sa.Text, _owner("cards.uuid"), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
    )
    op.create_index("suggestions_by_card", "suggestions", ["card_uuid"])
    op.create_table(
        "feedback",
        sa.Column("id", sa.Text, primary_key=True),
        *_texts("card", "client", "outcome"),
        sa.Column("outcome_at", _TIME, nullable=False),
        sa.Column("received_at", _TIME, nullable=False),
        sa.Column("suggestions", sa.JSON, nullable=False),
        *_texts("reason_system", "reason_code"),
        sa.Column("commented", sa.Boolean, nullable=False),
        sa.Column("comment", sa.LargeBinary),
        sa.Column("times_received", sa.Integer, nullable=False),
    )
    op.create_index("feedback_by_card", "feedback", ["card"])
    op.create_index("feedback_by_time", "feedback", ["received_at", "id"])
    op.create_table(
        "used_tokens",
        sa.Column("token", sa.Text, primary_key=True),
        sa.Column("expires", sa.Float, nullable=False),
    )
    op.create_index("used_tokens_by_expiry", "used_tokens", ["expires"])


def downgrade() -> None:
    """Drop all tables."""
    for table in (
        "used_tokens",
        "feedback",
        "suggestions",
        "cards",
        "consultation_orders",
        "consultations",
    ):
        op.drop_table(table)


def _texts(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _owner(column: str) -> sa.ForeignKey:
    return sa.ForeignKey(column, ondelete="CASCADE")
