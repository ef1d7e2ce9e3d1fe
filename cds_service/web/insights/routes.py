"""The addresses ``/insights`` and ``/insights/TABLE.csv``."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, after_this_request, request

from cds_service.hooks.errors import RequestRefused
from cds_service.journal.errors import JournalUnavailable
from cds_service.journal.insights.result import Insights
from cds_service.journal.insights.view import View
from cds_service.web.insights.ask import (
    HOOKS,
    PRESETS,
    AskedWrongly,
    file_name,
    query_of,
    view_of,
    zone_of,
)
from cds_service.web.insights.names import Names
from cds_service.web.insights.sign_in import Gate, NotSignedIn
from cds_service.web.insights.table import figure, interval, percent, plain
from cds_service.web.insights.tables import TABLES, tables
from cds_service.web.pages.page import Link

if TYPE_CHECKING:
    from cds_service.advisor import Advisor
    from cds_service.journal.journal import Journal
    from cds_service.settings import Settings
    from cds_service.web.operations import Operations
    from cds_service.web.pages.page import Pages

PATH = "/insights"
_TITLE = "Insights"
LINK = Link(_TITLE, PATH)
_TEMPLATE = "insights.html"
_TABLE = f"<any({', '.join(map(repr, TABLES))}):name>"
_AT_ONCE, _LONGEST_WAIT = 2, 2.0
"""How many views a process reads at the same time, and how many seconds another one waits: the
threads are there for the calls of clients first."""
_WORDS: dict[str, Any] = {
    "figure": figure,
    "interval": interval,
    "percent": percent,
    "plain": plain,
}
_AWAY = (
    "The journal cannot be read now. Advice is still given, and what happens meanwhile is kept and"
    " shown later. Try again in a minute; if it was a long period, try a shorter one."
)
_NO_JOURNAL = "This service keeps no journal, so there is nothing to show."


def blueprint(
    settings: "Settings",
    in_force: "Callable[[], Advisor]",
    parts: "Operations",
    pages: "Pages",
    let_in: Gate,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Blueprint:
    """Return the routes of the insights for those whom `let_in` lets in.

    All figures come from the journal at each call; nothing is kept in between.
    """
    routes = Blueprint("insights", __name__)
    zone = zone_of(settings.insights_time_zone)
    turn = threading.Semaphore(_AT_ONCE)

    def today() -> date:
        return now().astimezone(zone).date()

    def names() -> Names:
        return Names(getattr(in_force(), "content", None), parts.registry.current)

    def look(journal: "Journal", view: View) -> Insights:
        able, reason = journal.ready()
        if not able:
            raise JournalUnavailable(reason)
        if not turn.acquire(timeout=_LONGEST_WAIT):
            raise JournalUnavailable("Others are reading the insights.", retry_after=2)
        try:
            return journal.store.insights(view)
        finally:
            turn.release()

    def problem(status: int, text: str, heading: str, *, anew: bool = False) -> Response:
        # another try is for what was asked, unless that is what is wrong
        asked = request.query_string.decode("latin-1")
        page = pages.answer(
            "insights-problem.html",
            title=_TITLE,
            heading=heading,
            text=text,
            href=f"{PATH}?{asked}" if asked and not anew else PATH,
            action="Show the last 30 days" if anew else "Try again",
        )
        page.status_code = status
        return page

    @routes.get(PATH)
    def page() -> Response:
        try:
            let_in(request)
        except NotSignedIn as refused:
            response = problem(refused.status, refused.text, "Not for everybody")
            response.headers.update(refused.headers)
            return response
        day = today()
        try:
            view = view_of(request.args, day, zone)
        except AskedWrongly as wrong:
            return problem(400, str(wrong), "This period cannot be shown", anew=True)
        if parts.journal is None:
            return problem(200, _NO_JOURNAL, "No journal")
        try:
            found = look(parts.journal, view)
        except JournalUnavailable as away:
            response = problem(503, _AWAY, "The journal is away")
            response.headers["Retry-After"] = str(away.retry_after)
            return response
        titles = names()
        return pages.answer(
            _TEMPLATE,
            title=_TITLE,
            found=found,
            view=view,
            today=day,
            tables=tables(found, view, titles, day),
            names=titles,
            presets=PRESETS,
            hooks=HOOKS,
            query=lambda **changes: query_of(view, **changes),
            zone=settings.insights_time_zone,
            **_WORDS,
        )

    @routes.get(f"{PATH}/{_TABLE}.csv")
    def export(name: str) -> Response:
        try:
            let_in(request)
        except NotSignedIn as refused:
            _answer_with(refused.headers)
            raise _as_error(refused) from None
        if parts.journal is None:
            raise RequestRefused(404, "not-supported", _NO_JOURNAL)
        day = today()
        try:
            view = view_of(request.args, day, zone)
            found = look(parts.journal, view)
        except AskedWrongly as wrong:
            raise RequestRefused(400, "value", str(wrong)) from None
        except JournalUnavailable as away:
            _answer_with({"Retry-After": str(away.retry_after)})
            raise RequestRefused(503, "transient", _AWAY) from None
        table = tables(found, view, names(), day)[name]
        response = Response(table.csv(), content_type="text/csv; charset=utf-8; header=present")
        response.headers["Content-Disposition"] = f'attachment; filename="{file_name(name, view)}"'
        response.cache_control.no_store = True
        return response

    return routes


_ISSUES = {401: "login", 403: "forbidden", 429: "throttled", 503: "transient"}


def _as_error(refused: NotSignedIn) -> RequestRefused:
    return RequestRefused(refused.status, _ISSUES[refused.status], refused.text)


def _answer_with(headers: dict[str, str]) -> None:
    """Add `headers` to the answer, which the error handlers make."""

    @after_this_request
    def add(response: Response) -> Response:
        response.headers.update({**headers, "Cache-Control": "no-store"})
        return response
