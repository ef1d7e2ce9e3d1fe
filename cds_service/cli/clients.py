"""``imaging-advisor clients``: what is agreed with each client, and whether the file is right."""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from cds_service.cli.output import capital, say
from cds_service.cli.startup import environment, open_content
from cds_service.cli.surroundings import open_clients
from cds_service.clients.model import Client


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "check the clients file and print what is agreed with each client"
    command = commands.add_parser("clients", help=about, description=f"{capital(about)}.")
    command.add_argument(
        "file", nargs="?", type=Path, metavar="FILE", help="instead of CDS_CLIENTS_FILE"
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the clients; return 0.

    Raises:
        ContentRefused: the content has errors.
        ContentNotFound: there is no content.
        SettingsError: the file cannot be used; every problem is named.
    """
    settings = environment()
    if arguments.file is not None:
        settings = replace(settings, clients_file=arguments.file)
    clients = open_clients(settings, open_content(settings))
    if clients.local_mode:
        say("There is no clients file: whoever calls from this machine is answered.")
    for client in clients.all:
        if not clients.local_mode:
            say(*_lines(client))
    return 0


def _lines(client: Client) -> list[str]:
    keys = client.jwks_url or ", ".join(client.jku_allowed) or f"{len(client.jwks or ())} inline"
    return [
        f"{client.id}: {client.title}",
        f"  issuer        {client.issuer}",
        f"  keys          {keys}",
        f"  algorithms    {', '.join(client.algorithms)}",
        f"  tokens        {'; '.join(_tokens(client))}",
        f"  dialect       {client.dialect}",
        f"  FHIR servers  {', '.join(client.fhir_servers) or 'none: prefetch only'}",
        f"  origins       {', '.join(client.origins) or 'none: no browser clients'}",
        f"  ratings       {'written on orders' if client.annotation else 'not written on orders'}",
        *_cards(client),
        *_order_codes(client),
    ]


def _tokens(client: Client) -> Iterator[str]:
    """Yield what a token of the client has to be like, besides its key and its issuer."""
    yield f"at most {client.token_lifetime} s, clocks {client.leeway} s apart"
    yield f"aud {client.audience or 'the address called'}"
    if client.ignore_trailing_slash:
        yield "with or without a slash at its end"
    if client.subject:
        yield f"sub {client.subject}"
    if client.tenants:
        yield f"tenant {' or '.join(client.tenants)}"
    if not client.require_typ:
        yield "typ may be missing"


def _cards(client: Client) -> Iterator[str]:
    if client.max_cards_per_order is not None:
        yield f"  most cards    {client.max_cards_per_order} for one order"
    if client.disabled_cards is not None:
        yield f"  cards off     {', '.join(client.disabled_cards) or 'none'}"


def _order_codes(client: Client) -> Iterator[str]:
    for procedure, codes in client.order_codes.items():
        shown = ", ".join(" ".join((each.system, each.code, each.display)) for each in codes)
        yield f"  order code    {procedure}: {shown.rstrip()}"
