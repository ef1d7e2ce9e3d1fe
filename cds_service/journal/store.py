"""What the journal stores: everything written is written whole, and twice is the same as once."""

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL

from cds_service.journal import export
from cds_service.journal.database import Database
from cds_service.journal.events import Consultation, Feedback, FeedbackResult
from cds_service.journal.inserts import insert_into
from cds_service.journal.insights.read import read
from cds_service.journal.insights.result import Insights
from cds_service.journal.insights.view import View
from cds_service.journal.replays import KEPT_LONGER, token_key
from cds_service.journal.rows import consultation_rows, feedback_row
from cds_service.journal.schema import (
    cards,
    consultation_orders,
    consultations,
    feedback,
    suggestions,
    used_tokens,
)

_PURGE_EVERY = 60.0
_PRUNED_AT_ONCE = 500


class JournalStore:
    """The journal's tables in one database; safe to share between threads.

    Nothing connects before the first use, which also brings the tables up to date.
    """

    def __init__(self, url: str | URL, threads: int = 8, longest: float | None = None) -> None:
        """Keep `url`; `threads` is how many requests use the store at the same time.

        `longest` is how many seconds one of them may wait for PostgreSQL, even for one that hangs.

        Raises:
            JournalMisconfigured: `url` names no file and no PostgreSQL database.
        """
        self._database = Database(url, threads, longest)
        dialect = self._database.dialect
        self._zoned = dialect.name != "sqlite"
        self._insert: Any = sqlite.insert
        if self._zoned:
            # it takes long to import, and most journals are files
            from sqlalchemy.dialects import postgresql  # noqa: PLC0415

            self._insert = postgresql.insert
        self._inserts = {
            table: insert_into(table, dialect)
            for table in (consultations, consultation_orders, cards, suggestions)
        }
        self._purge_at = 0.0

    def prepare(self) -> None:
        """Bring the tables up to date.

        Raises:
            JournalUnavailable: the database cannot be used, or only by a newer version.
        """
        self._database.prepare()

    def ping(self) -> None:
        """Do nothing if the database can be written and its tables are there.

        Raises:
            JournalUnavailable: it cannot be used now.
        """
        self._database.ping()

    def write(self, batch: Sequence[Consultation]) -> None:
        """Store `batch` in one transaction; consultations already stored stay as they are.

        Raises:
            JournalUnavailable: nothing was stored; the same batch may be tried again.
            RefusedByDatabase: nothing was stored; a value in `batch` can never be.
        """
        rows = consultation_rows(batch, zoned=self._zoned)
        with self._database.unit(writes=True) as connection:
            for table, values in rows.items():
                self._inserts[table](connection, values)

    def write_feedback(self, batch: Sequence[Feedback]) -> FeedbackResult:
        """Store `batch` in one transaction and return what was new, once it is committed.

        An event sent again is counted, not stored again. One whose card is unknown is stored too,
        and belongs to the consultation as soon as that arrives.

        Raises:
            JournalUnavailable: nothing was stored.
            RefusedByDatabase: nothing was stored; a value in `batch` can never be.
        """
        # in one order for all, so that two batches with the same events cannot wait in a ring
        events = sorted({event.id: event for event in batch}.values(), key=lambda each: each.id)
        if not events:
            return FeedbackResult()
        statement = self._insert(feedback)
        again = statement.on_conflict_do_update(
            index_elements=[feedback.c.id],
            set_={"times_received": feedback.c.times_received + 1},
        ).returning(feedback.c.times_received)
        with self._database.unit(writes=True) as connection:
            new = 0
            for event in events:
                new += connection.execute(again, feedback_row(event)).scalar_one() == 1
            stored = feedback.c.id.in_([event.id for event in events])
            unmatched = _number(connection, feedback, stored, ~export.known_card())
        return FeedbackResult(
            new=new,
            repeated=len(batch) - new,
            unmatched=unmatched,
            ids=tuple(event.id for event in batch),
        )

    def first_use(self, issuer: str, jti: str, expires: float, call: str = "") -> bool:
        """Say whether the token is new, and remember it until after it expires (see `Replays`).

        Raises:
            JournalUnavailable: the database cannot be used now.
        """
        now = time.time()
        row = {"token": token_key(issuer, jti), "expires": expires + KEPT_LONGER}
        row |= {"call": call or None}
        statement = self._insert(used_tokens).values(row)
        # an expired one that was not purged yet counts as never seen, and so does one of this call
        usable = used_tokens.c.expires < now
        if call:
            usable |= used_tokens.c.call == call
        statement = statement.on_conflict_do_update(
            index_elements=[used_tokens.c.token],
            set_={"expires": statement.excluded.expires, "call": statement.excluded.call},
            where=usable,
        ).returning(used_tokens.c.token)
        with self._database.unit(writes=True) as connection:
            if time.monotonic() >= self._purge_at:
                self._purge_at = time.monotonic() + _PURGE_EVERY
                connection.execute(delete(used_tokens).where(used_tokens.c.expires < now))
            return connection.execute(statement).first() is not None

    def prune(self, before: datetime) -> dict[str, int]:
        """Delete consultations of before `before`, with their feedback; return how many of each.

        Feedback that matched nothing goes by the time when it was received.

        Raises:
            JournalUnavailable: not all was deleted; what was, stays deleted.
        """
        gone = {"consultations": 0, "feedback": 0}
        old = select(consultations.c.id).where(consultations.c.at < before)
        while True:
            with self._database.unit(writes=True) as connection:
                ids = connection.scalars(old.limit(_PRUNED_AT_ONCE)).all()
                about_them = export.known_card(consultations.c.id.in_(ids))
                found = connection.execute(delete(feedback).where(about_them))
                connection.execute(delete(consultations).where(consultations.c.id.in_(ids)))
            gone["feedback"] += found.rowcount
            gone["consultations"] += len(ids)
            if len(ids) < _PRUNED_AT_ONCE:
                break
        with self._database.unit(writes=True) as connection:
            late = connection.execute(delete(feedback).where(feedback.c.received_at < before))
            gone["feedback"] += late.rowcount
        return gone

    def export(
        self,
        since: datetime | None = None,
        until: datetime | None = None,
        form: export.Form = "jsonl",
    ) -> Iterator[str]:
        """Yield lines on consultations from `since` until before `until`, without patient data.

        Neither keys of patients and orders nor comments are exported.

        Raises:
            JournalUnavailable: the database cannot be used now.
        """
        with self._database.unit(writes=False) as connection:
            ever = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
            span = (since or ever[0], until or ever[1])
            yield from export.lines(connection, *span, form=form)

    def insights(self, view: View) -> Insights:
        """Return counts and rates of the calls that `view` chooses.

        Raises:
            JournalUnavailable: the database cannot be used now, or takes too long.
        """
        with self._database.unit(writes=False, snapshot=True) as connection:
            return read(connection, view)

    def counts(self) -> dict[str, int]:
        """Return how many of each thing the journal holds.

        Raises:
            JournalUnavailable: the database cannot be used now.
        """
        tables = (consultations, consultation_orders, cards, suggestions, feedback, used_tokens)
        with self._database.unit(writes=False) as connection:
            found = {table.name: _number(connection, table) for table in tables}
            for outcome in ("accepted", "overridden"):
                found[outcome] = _number(connection, feedback, feedback.c.outcome == outcome)
            found["unmatched"] = _number(connection, feedback, ~export.known_card())
            return found

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


def _number(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(table).where(*conditions)
    return connection.execute(counted).scalar_one()
