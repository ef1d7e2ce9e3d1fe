"""Tables of the journal, for SQLite and PostgreSQL.

Feedback has no foreign key to a card: it may arrive before the consultation does, and for cards
that were never ours. What belongs together is joined when it is read, by card and client.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    Uuid,
)


class UtcTime(TypeDecorator[datetime]):
    """An instant: with its zone in PostgreSQL, as UTC in SQLite, which knows no zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` in UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return `value` with the zone UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


metadata = MetaData()

consultations = Table(
    "consultations",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("client", Text, nullable=False),
    Column("tenant", Text, nullable=False),
    Column("hook", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("hook_instance", Text, nullable=False),
    Column("patient_key", Text, nullable=False),
    Column("content_version", Text, nullable=False),
    Column("suppressed", JSON, nullable=False),
    Column("missing", JSON, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("status", Text, nullable=False),
    Index("consultations_by_time", "at", "id"),
    Index("consultations_by_patient", "patient_key"),
)

consultation_orders = Table(
    "consultation_orders",
    metadata,
    Column(
        "consultation_id",
        ForeignKey("consultations.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("order_key", Text, nullable=False),
    Column("procedure", Text, nullable=False),
    Column("variant", Text, nullable=False),
    Column("rating", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Index("consultation_orders_by_key", "order_key"),
)

cards = Table(
    "cards",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("consultation_id", ForeignKey("consultations.id", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("card", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("indicator", Text, nullable=False),
    Column("order_key", Text, nullable=False),
    Index("cards_by_consultation", "consultation_id"),
    Index("cards_by_rule", "rule"),
)

suggestions = Table(
    "suggestions",
    metadata,
    Column("uuid", Text, primary_key=True),
    Column("card_uuid", ForeignKey("cards.uuid", ondelete="CASCADE"), nullable=False),
    Column("position", Integer, nullable=False),
    Index("suggestions_by_card", "card_uuid"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", Text, primary_key=True),
    Column("card", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("outcome_at", UtcTime, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("suggestions", JSON, nullable=False),
    Column("reason_system", Text, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("commented", Boolean, nullable=False),
    Column("comment", LargeBinary),
    Column("times_received", Integer, nullable=False),
    Index("feedback_by_card", "card"),
    Index("feedback_by_time", "received_at", "id"),
)

used_tokens = Table(
    "used_tokens",
    metadata,
    Column("token", Text, primary_key=True),
    Column("expires", Float, nullable=False),
    Column("call", Text),
    Index("used_tokens_by_expiry", "expires"),
)
