"""The trace of a consultation as text for a terminal, made to be shown to a clinician.

Plain headings, no colour, at most `WIDTH` columns. Everything here comes out of the trace.
"""

from collections.abc import Iterable, Iterator
from textwrap import fill

from cds_service.cli.output import inert, visible
from cds_service.cli.reportparts import (
    RATING_BASIS,
    accepting,
    one_rating,
    one_record,
    rating_rows,
    verdict_lines,
)
from cds_service.render.traceparts import Trace

WIDTH = 96


def report(whole: Trace) -> Iterator[str]:
    """Yield the lines of the report on `whole`: the trace, with what was asked under `request`."""
    yield f"IMAGING ORDER ADVICE as of {whole['asOf']}, content {whole['contentVersion']}"
    yield from _request(whole["request"])
    if whole["chart"] is None:
        yield ""
        yield from _wrapped(
            "No imaging order is selected: nothing of the chart was read, and there are no cards.",
            0,
        )
        return
    yield from _chart(whole["chart"])
    for number, order in enumerate(whole["orders"], start=1):
        yield ""
        yield "=" * WIDTH
        yield f"ORDER {number} OF {len(whole['orders'])}: {visible(order['reference'])}"
        yield "=" * WIDTH
        yield from _order(order)


def _heading(title: str) -> Iterator[str]:
    yield ""
    yield title
    yield "-" * len(title)


def _wrapped(text: str, indent: int = 2, hang: int | None = None) -> Iterator[str]:
    yield from fill(
        inert(text),
        WIDTH,
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent if hang is None else hang),
        break_on_hyphens=False,
    ).split("\n")


def _request(request: Trace) -> Iterator[str]:
    yield from _heading("Request")
    for order in request["draftOrders"]:
        chosen = "selected" if order["selected"] else "not selected"
        kind = "imaging" if order["imaging"] else "not recognised as imaging: none of our business"
        yield from _wrapped(f"{request['hook']}: {order['reference']}, {chosen}, {kind}")
        if not order["imaging"]:
            yield from _wrapped(f"as sent: {_as_sent(order)}", 4, 6)
    if not request["draftOrders"]:
        yield from _wrapped(f"{request['hook']}: there are no draft orders of this patient")
    for remark in request["remarks"]:
        yield from _wrapped(f"Odd, but read as meant: {remark}")


def _chart(chart: Trace) -> Iterator[str]:
    yield from _heading(f"Chart of patient {visible(chart['patient'])}: {chart['records']} records")
    for source in chart["sources"]:
        state = source["state"].replace("-", " ")
        reason = source["reason"]
        said = reason if reason.startswith(state) else ": ".join(filter(None, (state, reason)))
        yield from _wrapped(f"{source['name']:<36} {said}", 2, 39)


def _order(order: Trace) -> Iterator[str]:
    yield from _ordered(order)
    yield from _findings(order["findings"])
    yield from _topics(order)
    yield from _safety(order)
    yield from _advice(order)
    yield from _cards(order["cards"])


def _ordered(order: Trace) -> Iterator[str]:
    recognised, procedure = order["recognised"], order["recognised"]["procedure"]
    yield from _heading("What was ordered")
    yield from _pair("As sent", _as_sent(order))
    yield from _pair("Priority", order["priority"] or "not stated")
    if procedure:
        dose = f", {procedure['adultDose']}" if procedure["adultDose"] else ""
        yield from _pair("Recognised as", f"{procedure['title']}, by {recognised['toldBy']}")
        yield from _pair("Radiation", f"{procedure['radiationLevel']}{dose}")
    elif recognised["conflict"]:
        named = ", ".join(recognised["conflict"])
        said = f"nothing: its codes, or codes and text, name different studies ({named})"
        yield from _pair("Recognised as", said)
    else:
        yield from _pair("Recognised as", "imaging by its category, but no procedure we know")


def _as_sent(order: Trace) -> str:
    codes = ", ".join(f"{code['system'] or 'code'} {code['code']}" for code in order["codes"])
    return " / ".join(filter(None, (visible(order["title"]), codes))) or "neither code nor text"


def _pair(name: str, text: str) -> Iterator[str]:
    yield from _wrapped(f"{name + ':':<15} {text}", 2, 18)


def _findings(findings: list[Trace]) -> Iterator[str]:
    present = [each for each in findings if each["state"] == "present"]
    unknown = [each for each in findings if each["state"] == "unknown"]
    absent = [each for each in findings if each["state"] == "absent"]
    yield from _heading(f"Findings present ({len(present)})")
    for finding in present:
        yield from _wrapped(f"{finding['title']} [{finding['category'].replace('-', ' ')}]", 2, 4)
        yield from _records(finding)
    yield from _heading(f"Not known ({len(unknown)}): neither present nor absent")
    grouped: dict[str, list[str]] = {}
    for finding in unknown:
        if finding["suspected"]:
            yield from _wrapped(f"{finding['title']}: suspected", 2, 4)
            yield from _records(finding)
        else:
            grouped.setdefault("; ".join(finding["reasons"]), []).append(finding["phrase"])
    for why, phrases in grouped.items():
        yield from _wrapped(f"Because {why}: {', '.join(phrases)}", 2, 4)
    yield from _heading(
        f"Absent ({len(absent)}): not in sources read to the end, or denied on record"
    )
    yield from _wrapped(", ".join(each["phrase"] for each in absent) or "none")
    for finding in absent:
        if finding["records"]:
            yield from _wrapped(f"Looked at for {finding['phrase']}:", 2, 4)
            yield from _records(finding)


def _records(finding: Trace) -> Iterator[str]:
    for item in finding["records"]:
        yield from _wrapped(one_record(item), 4, 8)


def _topics(order: Trace) -> Iterator[str]:
    titles = {finding["id"]: finding["phrase"] for finding in order["findings"]}
    for topic in order["topics"]:
        yield from _heading(f"Guideline: {topic['guideline']['title']}")
        if not topic["applies"]:
            yield from _wrapped(f"Does not speak about this order: {topic['whyNot']}.")
            continue
        certain = "" if topic["certain"] else ", though it is not certain that it is meant for it"
        yield from _wrapped(f"{topic['title']}: speaks about this order{certain}.")
        for variant in topic["variants"]:
            mark = ">" if variant["decides"] else " "
            yield from _wrapped(f"{mark} Variant {variant['number']}: {variant['title']}", 2, 15)
            yield from _wrapped(_variant_reason(variant, titles), 15)
        yield from _table(topic)


def _variant_reason(variant: Trace, phrases: dict[str, str]) -> str:
    def named(names: list[str]) -> str:
        return ", ".join(dict.fromkeys(phrases[name] for name in names))

    parts = [variant["why"]]
    if variant["present"] and variant["state"] != "absent":
        parts.append(f"for it: {named(variant['present'])}")
    if variant["against"] and variant["state"] == "absent":
        parts.append(f"against it: {named(variant['against'])}")
    if variant["unknown"] and variant["state"] == "unknown":
        parts.append(f"not known: {named(variant['unknown'])}")
    return "; ".join(parts)


def _table(topic: Trace) -> Iterator[str]:
    rated = topic["ratedOrder"]
    if rated is not None:
        yield ""
        yield from _wrapped(f"This order is rated: {one_rating(rated)} (row: {rated['row']}).")
    if topic["table"]:
        decisive = " and ".join(
            str(each["number"]) for each in topic["variants"] if each["decides"]
        )
        yield ""
        yield f"  Ratings in variant {decisive}, best first:"
        yield from rating_rows(topic["table"])
        yield from _wrapped(RATING_BASIS)


def _safety(order: Trace) -> Iterator[str]:
    phrases = {finding["id"]: finding["phrase"] for finding in order["findings"]}
    procedure = order["recognised"]["procedure"]
    yield from _heading("Safety")
    if procedure:
        yield from _wrapped(f"Ordered: {procedure['title']}")
        yield from _verdicts(order["safety"], phrases)
    for each in order["alternatives"]:
        role = "Alternative" if each["proposedBy"] else "Held back"
        yield from _wrapped(f"{role}: {each['procedure']['title']}")
        yield from _verdicts(each["safety"], phrases)
    if not procedure and not order["alternatives"]:
        yield from _wrapped("No safety rule can be tried without knowing the procedure.")


def _verdicts(verdicts: Iterable[Trace], phrases: dict[str, str]) -> Iterator[str]:
    told = [line for verdict in verdicts for line in verdict_lines(verdict, phrases)]
    for line in told or ["no safety rule bears on it"]:
        yield from _wrapped(f"- {line}", 4, 6)


def _advice(order: Trace) -> Iterator[str]:
    phrases = {finding["id"]: finding["phrase"] for finding in order["findings"]}
    yield from _heading("Rules that speak, and rules that do not")
    for advice in order["advice"]:
        grounds = ", ".join(phrases[name] for name in advice["findings"]) or "no finding"
        sources = "; ".join(f"{each['title']}, {each['locator']}" for each in advice["sources"])
        urgent, shown = advice["indicatorOfRule"], advice["indicator"]
        capped = "" if urgent == shown else f" ({urgent} by the rule, lowered by this site)"
        yield from _wrapped(f"+ {advice['rule']}: {shown}{capped}, on {grounds}", 2, 4)
        yield from _wrapped(f"Source: {sources}", 4, 6)
    for each in order["suppressed"]:
        yield from _wrapped(f"- {each['rule']}: silent, because {each['why']}", 2, 4)
    if not order["advice"] and not order["suppressed"]:
        yield from _wrapped("None was tried.")


def _cards(cards: list[Trace]) -> Iterator[str]:
    yield from _heading(f"Cards ({len(cards)})")
    if not cards:
        yield from _wrapped("None: there is nothing to add to this order.")
    for card in cards:
        yield from _wrapped(f"[{card['indicator'].upper()}] {card['summary']}", 2, 4)
        for line in accepting(card):
            yield from _wrapped(line, 4, 6)
