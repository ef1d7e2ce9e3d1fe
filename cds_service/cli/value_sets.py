"""``imaging-advisor value-sets``: what value sets hold, and their descendants from a server."""

import argparse
from collections import Counter
from typing import Any

from cds_service.cli import expand
from cds_service.cli.output import capital, complain, say
from cds_service.cli.startup import environment
from cds_service.content.load import Loaded, content_directory, load
from cds_service.content.model import Clause, Findings, Topic, ValueSet


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "show what value sets hold, and expand them with a terminology server"
    command = commands.add_parser("value-sets", help=about, description=f"{capital(about)}.")
    actions = command.add_subparsers(title="actions", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="name every value set, its codes and who uses it")
    listing.set_defaults(run=run_list)
    showing = actions.add_parser("show", help="print one value set code by code")
    showing.add_argument("id", metavar="ID", help="the id of the value set")
    showing.set_defaults(run=run_show)
    expand.add_to(actions)


def run_list(_: argparse.Namespace) -> int:
    """Print one line for each value set; return 0.

    Raises:
        ContentNotFound: there is no content.
        SettingsError: the environment has settings with wrong values.
    """
    loaded = load(content_directory(environment().cards_dir))
    used = _users(loaded)
    for value_set in value_sets(loaded):
        count = sum(len(group.codes) for group in value_set.concepts)
        users = ", ".join(used.get(value_set.id, ())) or "nothing"
        draft = "" if value_set.status == "active" else f" ({value_set.status})"
        say(f"{value_set.id:<40} {count:>4} codes  used by {users}{draft}")
    return 0


def run_show(arguments: argparse.Namespace) -> int:
    """Print the value set `arguments.id`; return 1 if there is none.

    Raises:
        ContentNotFound: there is no content.
        SettingsError: the environment has settings with wrong values.
    """
    loaded = load(content_directory(environment().cards_dir))
    found = next((each for each in value_sets(loaded) if each.id == arguments.id), None)
    if found is None:
        complain(f"There is no value set '{arguments.id}'; see 'imaging-advisor value-sets list'.")
        return 1
    say(f"{found.id} {found.version} ({found.status}): {found.title}", f"Limits: {found.limits}")
    say(f"Used by: {', '.join(_users(loaded).get(found.id, ())) or 'nothing'}")
    totals = Counter(group.system for group in found.concepts for _ in group.codes)
    for system, total in sorted(totals.items()):
        say(f"{system}: {total} codes")
        for group in found.concepts:
            for code in group.codes if group.system == system else ():
                below = ", with all below" if code.descendants else ""
                say(f"  {code.code:<20} {code.role:<8} {code.label} [{group.source}{below}]")
    if found.phrases:
        say("phrases:", *(f"  {phrase}" for phrase in found.phrases))
    return 0


def value_sets(loaded: Loaded) -> list[ValueSet]:
    """Return the value sets of `loaded` by id."""
    found = [doc for doc in loaded.documents.values() if isinstance(doc, ValueSet)]
    return sorted(found, key=lambda each: each.id)


def _users(loaded: Loaded) -> dict[str, list[str]]:
    """Return the findings and topics that use each value set, by its id."""
    users: dict[str, list[str]] = {}

    def use(user: str, names: tuple[str, ...]) -> None:
        for name in names:
            if user not in users.setdefault(name, []):
                users[name].append(user)

    for doc in loaded.documents.values():
        if isinstance(doc, Findings):
            for finding in doc.findings:
                for clause in finding.evidence:
                    use(finding.id, _named(clause))
        elif isinstance(doc, Topic):
            indication = doc.indication
            use(f"topic {doc.id}", indication.reason_value_sets)
            use(f"topic {doc.id}", indication.own_region_reason_value_sets)
    return users


def _named(clause: Clause) -> tuple[str, ...]:
    """Return every value set that a clause of a finding names."""
    cancelling = (clause.cancelled_by,) if clause.cancelled_by else ()
    return (*clause.value_sets, *clause.asked_as, *cancelling)
