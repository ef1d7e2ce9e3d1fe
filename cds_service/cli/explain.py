"""``imaging-advisor explain``: how the advice on one request came about."""

import argparse
from dataclasses import replace
from datetime import date
from typing import Any

from cds_service.advisor import Advisor, today
from cds_service.cli import requestfile
from cds_service.cli.output import complain, say, say_json
from cds_service.cli.report import report
from cds_service.cli.startup import environment, open_site
from cds_service.content.library import Content
from cds_service.engine.recognise import recognise
from cds_service.fhir.orders import DraftOrder
from cds_service.hooks.request import HookRequest
from cds_service.render.trace import trace


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    command = commands.add_parser(
        "explain",
        help="explain the advice on a request, step by step",
        description="Run a request as the service would and explain every step to the cards."
        " Sources that were not prefetched are read from the request's FHIR server if the settings"
        " allow it.",
    )
    requestfile.add_to(command)
    command.add_argument("--json", action="store_true", help="print the trace as JSON")
    command.add_argument(
        "--as-of",
        type=_day,
        metavar="DATE",
        help="the day on which look-backs end, as 2026-11-23; today if not given",
    )
    command.add_argument(
        "--order", metavar="ID", help="explain this draft order, whether or not it is selected"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the trace of a request; return 0, or 1 if there is no such draft order.

    Raises:
        Unreadable: the file cannot be read.
        RequestRefused: the request cannot be answered.
        ContentRefused: the content has errors.
        SettingsError: settings are wrong or do not fit the content.
    """
    settings = environment()
    request = requestfile.understood(requestfile.read(arguments.request, settings))
    opened = open_site(settings)
    content = opened.content
    if arguments.order is not None:
        chosen = [order for order in request.orders if _is(arguments.order, order)]
        if not chosen:
            known = ", ".join(order.reference for order in request.orders) or "none"
            complain(f"The request has no draft order {arguments.order}; it has: {known}.")
            return 1
        request = replace(request, selected=tuple(chosen))
    as_of: date = arguments.as_of or today()
    consultation = Advisor(content, settings, lambda: as_of, opened.policy).consult(request)
    whole = {"request": _request(request, content), **trace(consultation, content)}
    if arguments.json:
        say_json(whole)
    else:
        say(*report(whole))
    return 0


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-11-23") from None


def _is(wanted: str, order: DraftOrder) -> bool:
    return wanted in (order.reference, order.reference.rpartition("/")[2])


def _request(request: HookRequest, content: Content) -> dict[str, Any]:
    """Return what the request asks: its hook, its draft orders, and what was odd about it."""
    return {
        "hook": request.hook,
        "remarks": list(request.remarks),
        "draftOrders": [
            {
                "reference": order.reference,
                "selected": order in request.selected,
                "imaging": recognise(order, content).imaging,
                "title": order.texts[0] if order.texts else "",
                "codes": [{"system": code.system, "code": code.value} for code in order.codes],
            }
            for order in request.orders
        ],
    }
