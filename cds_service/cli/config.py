"""``imaging-advisor config``: what is in force at this site, and where each value comes from."""

import argparse
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cds_service.cli.output import say, say_json
from cds_service.cli.startup import environment, open_site
from cds_service.cli.surroundings import open_clients
from cds_service.site.report import Row, report

EXAMPLE = "example"
_WIDTH = 96
_CODES_NAMED = 5


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    command = commands.add_parser(
        "config",
        help="check the site file and print what is in force, and why",
        description="Check a site file against the content and print what is in force, where each"
        " value comes from, and what is switched off or on with which consequence."
        " 'config example' prints a site file with comments to start from.",
    )
    command.add_argument(
        "file",
        nargs="?",
        metavar="SITE_FILE",
        help="instead of CDS_SITE_FILE; or the word 'example'",
    )
    command.add_argument("--json", action="store_true", help="print everything as JSON")
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what is in force, or the example; return 0.

    Raises:
        ContentRefused: the content or the site file has errors.
        ContentNotFound: there is no content.
        SettingsError: settings or the clients file are wrong, or the site file cannot be opened.
    """
    if arguments.file == EXAMPLE:
        say(example().rstrip("\n"))
        return 0
    settings = environment()
    if arguments.file is not None:
        settings = replace(settings, site_file=Path(arguments.file))
    opened = open_site(settings)
    whole = report(opened.shipped, opened.content, opened.site, opened.remarks)
    whole["clients"] = [
        {
            "id": client.id,
            "mostCardsPerOrder": client.max_cards_per_order,
            "switchedOffCards": client.disabled_cards,
            "procedures": sorted(client.order_codes),
        }
        for client in open_clients(settings, opened.content).all
        if settings.clients_file
    ]
    if arguments.json:
        say_json(whole)
    else:
        say(*_lines(whole))
    return 0


def example() -> str:
    """Return a site file with comments, whose every key can be used with the shipped content."""
    return Path(__file__).with_name("site.example.yaml").read_text(encoding="utf-8")


def _lines(whole: Row) -> Iterator[str]:
    yield f"Content {whole['contentVersion']}"
    yield f"Site file {whole['siteFile'] or 'none: everything is as shipped'}"
    if whole["attention"]:
        yield ""
        yield "ATTENTION"
        for each in whole["attention"]:
            yield from _wrapped(f"! {each}", 0, 2)
    if whole["remarks"]:
        yield from _heading("Remarks")
        for each in whole["remarks"]:
            yield from _wrapped(each, 2, 4)
    yield from _heading("Cards")
    for name, key in (("language", "language"), ("most for one order", "mostCardsPerOrder")):
        yield f"  {name:<20} {whole[key]['value']}  ({_whence(whole[key])})"
    yield from _rules(whole["rules"])
    yield from _parameters(whole["parameters"])
    yield from _codes(whole)
    yield from _shown(whole)
    yield from _clients(whole["clients"])


def _rules(rules: list[Row]) -> Iterator[str]:
    yield from _heading("Rules")
    for rule in rules:
        loud = f", {rule['shownAs']}" if rule["shownAs"] and rule["state"] == "on" else ""
        effect = f", effect {rule['effect']}" if rule["effect"] else ""
        said = f"{rule['id']}: {rule['state'].upper()}{loud}{effect}; {rule['consequence']}"
        yield from _wrapped(f"{said} ({_whence(rule)})", 2, 6)
        if rule["source"]:
            yield from _wrapped(f"source: {rule['source']['title']}", 6, 8)


def _parameters(parameters: list[Row]) -> Iterator[str]:
    yield from _heading("Parameters")
    for each in parameters:
        unit = f" {each['unit']}" if each["unit"] else ""
        yield from _wrapped(f"{each['id']}: {each['value']}{unit} ({_whence(each)})", 2, 6)
        shipped = each["shipped"]
        source = shipped["source"]["title"] if shipped["source"] else "no published source"
        if each["from"] == "site":
            was = f"instead of {shipped['value']}{unit}, {shipped['basis']}: {source}"
            yield from _wrapped(was, 6, 8)
        else:
            yield from _wrapped(f"{shipped['basis']}: {source}", 6, 8)


def _codes(whole: Row) -> Iterator[str]:
    """Yield the site's codes: what it orders by, what it is suggested, what it adds."""
    if whole["orders"]:
        procedures: dict[str, list[str]] = {}
        for row in whole["orders"]:
            written = f"{row['system']} {row['code']}".strip()
            procedures.setdefault(row["procedure"], []).append(written)
        yield from _heading(f"Codes of orders ({len(whole['orders'])})")
        for name, codes in procedures.items():
            more = f" and {len(codes) - _CODES_NAMED} more" if codes[_CODES_NAMED:] else ""
            yield from _wrapped(f"{name}: {', '.join(codes[:_CODES_NAMED])}{more}", 2, 6)
    if whole["suggestions"]:
        yield from _heading("Codes written into suggested orders")
        for each in whole["suggestions"]:
            written = " ".join(filter(None, (each["system"], each["code"], each["display"])))
            yield from _wrapped(f"{each['procedure']}: {written}", 2, 6)
    if whole["valueSets"]:
        yield from _heading("Codes added to value sets")
        for each in whole["valueSets"]:
            for code in each["added"]:
                role = " (raises a question only)" if code["role"] == "weak" else ""
                said = f"{each['id']}: {code['system']} {code['code']}, {code['label']}{role}"
                yield from _wrapped(said, 2, 6)
    if whole["expansions"]:
        yield from _heading("Terminology expansions")
        yield from (f"  {path}" for path in whole["expansions"])


def _shown(whole: Row) -> Iterator[str]:
    """Yield what the site shows on cards instead of, or before, what is shipped."""
    if whole["reasons"]:
        yield from _heading("Override reasons of the site")
        for each in whole["reasons"]:
            named = "; ".join(f'{one["code"]} "{one["display"]}"' for one in each["reasons"])
            yield from _wrapped(f"{each['card']}: {named or 'none'}", 2, 6)
    if whole["links"]:
        yield from _heading("Links of the site")
        places: dict[str, list[str]] = {}
        for each in whole["links"]:
            place = "instead of ours" if each["instead"] else "before ours"
            shown = f"{each['label']} <{each['url']}>, {place}, on"
            places.setdefault(shown, []).append(each["rule"])
        for shown, rules in places.items():
            yield from _wrapped(f"{shown}: {', '.join(rules)}", 2, 6)


def _clients(clients: list[Row]) -> Iterator[str]:
    """Yield what the clients file sets otherwise: what was agreed with a client beats the site."""
    found = []
    for client in clients:
        most, off = client["mostCardsPerOrder"], client["switchedOffCards"]
        said = [f"most for one order {most}"] if most is not None else []
        if off is not None:
            said.append(f"cards switched off: {', '.join(off) or 'none'}")
        if client["procedures"]:
            said.append(f"own order codes for: {', '.join(client['procedures'])}")
        found += [f"{client['id']}: {'; '.join(said)}"] if said else []
    if found:
        yield from _heading("Otherwise for single clients (clients file)")
        for each in found:
            yield from _wrapped(each, 2, 6)


def _whence(row: Row) -> str:
    return "by this site" if row["from"] == "site" else "as shipped"


def _heading(text: str) -> Iterator[str]:
    yield ""
    yield text


def _wrapped(text: str, first: int, rest: int) -> Iterator[str]:
    yield from textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=" " * first,
        subsequent_indent=" " * rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
