"""``imaging-advisor serve``: the service over HTTP, until it is told to stop."""

import argparse
import errno
import gc
import ipaddress
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from types import FrameType
from typing import Any

from waitress.server import create_server

from cds_service import __version__, log, tracing
from cds_service.advisor import Advisor
from cds_service.app import create_app
from cds_service.cli.output import complain, say
from cds_service.cli.startup import environment, open_site
from cds_service.cli.surroundings import open_clients, open_operations
from cds_service.content.library import Content
from cds_service.settings import Settings, SettingsError, variable
from cds_service.web.discovery import SERVICES
from cds_service.web.operations import Operations

_SLACK = 2
"""How far above our own limit the server cuts a body off: in between, we say why it is refused."""

_LOCAL_MODE = (
    "LOCAL MODE: there is no clients file, so whoever calls from this machine is answered without",
    "authentication. Name the clients in CDS_CLIENTS_FILE before other machines may call.",
)
_NO_DEMO = "There is a clients file, so the order-entry page /demo is off."
_NOT_WITHOUT_CLIENTS = (
    "{host} can be reached from other machines, and there is no clients file: without",
    "authentication this service listens on this machine only. Name the clients that may call in",
    "CDS_CLIENTS_FILE, or listen on 127.0.0.1.",
)


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "check the content and serve CDS Hooks over HTTP"
    command = commands.add_parser("serve", help=about, description=f"{about.capitalize()}.")
    for name, metavar in (("host", "H"), ("port", "P"), ("threads", "N")):
        item = next(item for item in fields(Settings) if item.name == name)
        command.add_argument(
            f"--{name}",
            type=_argument(item.metadata["read"]),
            metavar=metavar,
            help=f"{item.metadata['meaning']} Default: {variable(name)}, else {item.default}.",
        )
    command.add_argument(
        "--demo",
        action="store_const",
        const=True,
        help="serve the order-entry page /demo too, unless there is a clients file",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; return 0, or 2 if the address cannot be had.

    Raises:
        ContentRefused: the content has errors.
        ContentNotFound: there is no content.
        SettingsError: settings are wrong or do not fit the content.
    """
    given = {name: getattr(arguments, name) for name in ("host", "port", "threads", "demo")}
    settings = replace(
        environment(), **{name: value for name, value in given.items() if value is not None}
    )
    log.configure(settings)
    if settings.clients_file is None and not _loopback(settings.host):
        complain(*(line.format(host=settings.host) for line in _NOT_WITHOUT_CLIENTS))
        return 2
    opened = open_site(settings)
    complain(*map(str, opened.remarks))
    content = opened.content
    advisor = Advisor(content, settings, policy=opened.policy)
    tracing.configure()
    with open_operations(settings, advisor, content) as parts:
        code = _serve(settings, advisor, parts)
    tracing.stop()
    return code


def _serve(settings: Settings, advisor: Advisor, parts: Operations) -> int:
    app = create_app(settings, advisor, parts)
    try:
        server = create_server(
            parts.drain.counting(app),
            host=settings.host,
            port=settings.port,
            threads=settings.threads,
            ident=None,
            max_request_body_size=_SLACK * settings.max_body_bytes,
            # buffers stay in memory: patient data is never written to a temporary file
            inbuf_overflow=_SLACK * settings.max_body_bytes + 1,
            outbuf_overflow=_SLACK * settings.max_body_bytes + 1,
        )
    except (OSError, ValueError) as problem:
        complain(_cannot_listen(settings, problem))
        return 2
    port = getattr(server, "effective_port", settings.port)
    if parts.registry.current.local_mode:
        complain(*_LOCAL_MODE)
    elif settings.demo:
        complain(_NO_DEMO)
    say(*_greeting(settings, port, advisor.content))
    sys.stdout.flush()
    # what was made until now stays for good: no collection needs to look at it again
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGTERM, parts.drain.on_signal)
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGHUP, lambda *_: _reload(settings, advisor, parts))
    try:
        server.run()
    finally:
        server.close()
    say("Stopped.")
    return 0


def _reload(settings: Settings, advisor: Advisor, parts: Operations) -> None:
    """Read the clients file anew; one that cannot be used changes nothing."""
    try:
        parts.registry.replace(open_clients(settings, advisor.content))
        say("The clients file was read anew.")
    except (SettingsError, ValueError) as problem:
        complain(str(problem), "The clients stay as they were.")
    sys.stdout.flush()


def _stop(_signal: int, _frame: FrameType | None) -> None:
    # the server ends its loop on this and waits for requests that are being answered
    raise KeyboardInterrupt


def _argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return `read` with its complaints in the words of the command line."""

    def checked(value: str) -> Any:
        try:
            return read(value)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(f"{problem}; it is {value!r}") from None

    return checked


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _cannot_listen(settings: Settings, problem: Exception) -> str:
    where = f"{settings.host} port {settings.port}"
    if isinstance(problem, OSError) and problem.errno == errno.EADDRINUSE:
        return (
            f"Something else already listens on {where}: stop it, or choose another port"
            " with --port (0 takes a free one)."
        )
    if isinstance(problem, OSError) and problem.errno == errno.EACCES:
        return f"This user may not listen on {where}: choose a port from 1024 with --port."
    return f"Listening on {where} is not possible: {str(problem).rstrip('.')}."


def _greeting(settings: Settings, port: int, content: Content) -> list[str]:
    base = settings.base_url or f"http://{_host(settings.host)}:{port}"
    return [
        f"Imaging-order advisor {__version__} on {base}",
        f"Content {content.version}: topics {len(content.topics)},"
        f" findings {len(content.findings)}, procedures {len(content.procedures)},"
        f" codes {len(_codes(content))}.",
        *([f"Site file {settings.site_file}."] if settings.site_file else ()),
        "Try it:",
        f"  {_program()} example | curl -s {base}/cds-services/{SERVICES[0].id}"
        " -H 'Content-Type: application/json' --data @-",
        *(
            [f"Order-entry page: {base}/demo"]
            if settings.demo and not settings.clients_file
            else ()
        ),
    ]


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
