"""What the service says when it answers: where it is, what it knows, and a line to try."""

import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from cds_service import __version__
from cds_service.clients.model import Clients
from cds_service.content.library import Content
from cds_service.settings import Settings
from cds_service.web.discovery import SERVICES


def greeting(settings: Settings, port: int, content: Content, clients: Clients) -> list[str]:
    """Return the lines for a service that listens on `port`."""
    base = settings.base_url or f"http://{_host(settings.host)}:{port}"
    return [
        f"Imaging-order advisor {__version__} on {base}",
        f"Content {content.version}: topics {len(content.topics)},"
        f" findings {len(content.findings)}, procedures {len(content.procedures)},"
        f" codes {len(_codes(content))}.",
        *([f"Site file {settings.site_file}."] if settings.site_file else ()),
        *(_try_it(settings, base) if clients.local_mode else _try_it_as(clients)),
    ]


def _try_it(settings: Settings, base: str) -> Iterator[str]:
    yield "Try it:"
    yield (
        f"  {_program()} example | curl -s {base}/cds-services/{SERVICES[0].id}"
        " -H 'Content-Type: application/json' --data @-"
    )
    if settings.demo:
        yield f"Order-entry page: {base}/demo"


def _try_it_as(clients: Clients) -> Iterator[str]:
    yield f"Who may call, each with its tokens: {', '.join(each.id for each in clients.all)}."
    yield "To try it with a token: 'Prove that it works' in docs/integrate.md."


def _host(host: str) -> str:
    """Return the host by which this machine reaches what listens on `host`."""
    if host in ("0.0.0.0", "*", ""):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


def _codes(content: Content) -> set[tuple[str, str]]:
    """Return the codes of value sets and procedures; a prefix or block counts as one."""
    return {
        (group.system, concept.code)
        for value_set in content.value_sets.values()
        for group in value_set.concepts
        for concept in group.codes
    } | {(code.system, code.value) for code in content.procedure_by_code}


def _program() -> str:
    """Return how this program is called from the shell it was started in."""
    name = "imaging-advisor"
    if shutil.which(name):
        return name
    started = Path(sys.argv[0])
    if started.name == name and started.exists():
        return shlex.quote(str(started))
    return f"{shlex.quote(sys.executable)} -m cds_service.cli"
