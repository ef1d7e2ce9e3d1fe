"""A survey as JSON and as Markdown. Codes and our own labels only, unless text is asked for."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from statistics import median
from typing import Any

from cds_service.content.library import Content
from cds_service.fhir.codes import SYSTEM_URIS, Code
from cds_service.survey.run import Survey
from cds_service.survey.tally import Weight
from cds_service.survey.witnesses import UNEXPLAINED, Witness

MOST_UNKNOWN_CODES = 40
_PER_THOUSAND = 1000.0
_NAMED_SYSTEM = 60

Report = dict[str, Any]


def as_json(done: Survey, content: Content, *, show_text: bool) -> Report:
    """Return everything a survey counted, in JSON's types, most frequent first.

    Free text of the records and the names of their files are in it only with `show_text`.
    """
    tally = done.tally
    return {
        "contentVersion": content.version,
        "day": done.day.isoformat() if done.day else "the day of each chart's last record",
        "files": done.read.files,
        "unreadable": done.read.unreadable,
        "resources": sum(done.read.types.values()),
        "resourcesByType": dict(done.read.types.most_common()),
        "leftOut": dict(done.left_out.most_common()),
        "charts": tally.charts,
        "chartsOfOneRecord": tally.single,
        "chartsWithStandInPatient": tally.stand_ins,
        "assessments": tally.assessed,
        "crashes": [
            {k: v for k, v in asdict(crash).items() if show_text or k != "origin"}
            for crash in tally.crashes
        ],
        "http": {
            "calls": done.served.calls,
            "cards": done.served.cards,
            "faults": dict(done.served.faults.most_common()),
        },
        "findings": dict(tally.findings.most_common()),
        "unexplained": sum(each.code == UNEXPLAINED for each in (*tally.fired, *tally.asked)),
        "fired": list(_witnesses(tally.fired.items(), show_text)),
        "asked": list(_witnesses(tally.asked.items(), show_text)),
        "safetyStates": _pairs(tally.safety),
        "cards": _pairs(tally.cards),
        "variants": _pairs(tally.variants),
        "ordersInData": [
            {"recognisedAs": name, "system": _system(code), "code": code.value, "by": by}
            | ({"text": tally.displays.get(code, "")} if show_text else {})
            | {"count": count}
            for (name, code, by), count in tally.own_orders.most_common()
        ],
        "unknownCodes": [
            {"type": kind, "system": _system(code), "code": code.value}
            | ({"text": tally.displays.get(code, "")} if show_text else {})
            | {"records": count}
            for (kind, code), count in _most_of_each_type(tally.unknown_codes)
        ],
        "recordsWithoutCode": dict(tally.without_code.most_common()),
        "medianMilliseconds": {
            name: round(median(taken) * _PER_THOUSAND, 3) for name, taken in tally.seconds.items()
        },
    }


def _witnesses(
    found: Iterable[tuple[Witness, Weight]], show_text: bool
) -> Iterator[dict[str, Any]]:
    """Yield the rows of the spot-check; without text, rows that differ in it alone are one."""
    merged: dict[Witness, Weight] = {}
    for witness, weight in found:
        key = witness if show_text else witness._replace(shown="")
        total = merged.setdefault(key, Weight())
        total.charts += weight.charts
        total.records += weight.records
    for witness, weight in sorted(
        merged.items(), key=lambda each: (each[0].finding, -each[1].charts, each[0])
    ):
        row = witness._asdict() | {"system": _system(Code(witness.system, witness.code))}
        if not show_text:
            del row["shown"]
        yield row | {"charts": weight.charts, "records": weight.records}


def _system(code: Code) -> str:
    """Return the short name of a known code system, else its address cut to a sane length."""
    return code.system if code.system in SYSTEM_URIS else code.system[:_NAMED_SYSTEM]


def _pairs(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Return counts by name and then by order, most frequent name first."""
    totals: Counter[str] = Counter()
    for (name, _), count in counts.items():
        totals[name] += count
    return {
        name: {order: n for (each, order), n in sorted(counts.items()) if each == name}
        for name, _ in totals.most_common()
    }


def _most_of_each_type(
    counts: Counter[tuple[str, Code]],
) -> Iterator[tuple[tuple[str, Code], int]]:
    for wanted in sorted({kind for kind, _ in counts}):
        of_type = Counter({each: n for each, n in counts.items() if each[0] == wanted})
        yield from of_type.most_common(MOST_UNKNOWN_CODES)


def as_markdown(report: Report) -> str:
    """Return the report as a page to read."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield "# Survey of the imaging-order advisor"
    yield ""
    yield f"Content {report['contentVersion']}. Assessed on: {report['day']}."
    yield ""
    yield from _table(("what", "count"), _summary(report))
    if report["crashes"]:
        yield from _section("Crashes", report["crashes"])
    if report["http"]["faults"]:
        yield "## Answers of the service that were not as they should be"
        yield ""
        yield from _table(("answer", "count"), report["http"]["faults"].items())
    yield "## Resources read"
    yield ""
    yield from _table(("type", "count"), report["resourcesByType"].items())
    yield "## Findings present"
    yield ""
    yield from _table(("finding", "charts"), report["findings"].items())
    yield from _section("Spot-check: what made each finding fire", report["fired"])
    yield from _section("Questions raised: what only suggests a finding", report["asked"])
    yield from _by_order("Safety states", "state", report["safetyStates"])
    yield from _by_order("Cards", "card", report["cards"])
    yield from _by_order("Deciding variants", "variant", report["variants"])
    yield from _section("Imaging orders in the data", report["ordersInData"])
    yield from _section(
        f"Codes that no value set knows (the {MOST_UNKNOWN_CODES} most frequent of each type)",
        report["unknownCodes"],
    )
    yield "## Time for one order"
    yield ""
    yield from _table(("order", "median, ms"), report["medianMilliseconds"].items())


def _summary(report: Report) -> Iterator[tuple[str, Any]]:
    yield "files read", report["files"]
    yield "files or lines that are not JSON", report["unreadable"]
    yield "resources", report["resources"]
    yield "charts", report["charts"]
    yield "of these, one record on its own", report["chartsOfOneRecord"]
    yield (
        "of these, with a stand-in for a Patient not in the data",
        (report["chartsWithStandInPatient"]),
    )
    yield "assessments (a chart with an order)", report["assessments"]
    yield "crashes", len(report["crashes"])
    yield "calls over HTTP", report["http"]["calls"]
    yield (
        "of these, answers that were not as they should be",
        sum(report["http"]["faults"].values()),
    )
    yield "findings that no code and no phrase explains", report["unexplained"]


def _section(title: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if not rows:
        yield "None."
        yield ""
        return
    yield from _table(tuple(rows[0]), (row.values() for row in rows))


def _by_order(title: str, name: str, counts: dict[str, dict[str, int]]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    rows = ((each, order, n) for each, orders in counts.items() for order, n in orders.items())
    yield from _table((name, "order", "charts"), rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield f"|{'---|' * len(titles)}"
    for row in rows:
        yield f"| {' | '.join(map(_cell, row))} |"
    yield ""


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).replace("|", "\\|").split())
