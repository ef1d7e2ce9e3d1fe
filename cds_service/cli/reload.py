"""``imaging-advisor reload``: the service that runs takes new content without dropping a call."""

import argparse
import os
import signal
import time
from dataclasses import replace
from typing import Any

from cds_service.cli.output import capital, complain, say
from cds_service.cli.startup import environment
from cds_service.cli.surroundings import at_home
from cds_service.cli.whole_site import read_or_refuse
from cds_service.serving.pidfile import Status, pid_path, running, status
from cds_service.serving.site import Site, SiteRefused
from cds_service.setting_readers import whole
from cds_service.settings import variable

DONE, FAILED = 0, 1
_LOOK_EVERY = 0.1
_LONGEST = 600


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "make the running service use changed content, site file and clients file"
    command = commands.add_parser(
        "reload",
        help=about,
        description=f"{capital(about)}. What is there now is checked first, by this command and"
        " by the service; with an error in it, nothing changes. Run it with the settings of the"
        " service.",
    )
    command.add_argument(
        "--port",
        type=_port,
        metavar="P",
        help=f"port of the service, if it was started with --port. Default: {variable('port')}.",
    )
    command.add_argument(
        "--wait",
        type=_seconds,
        default=60,
        metavar="SECONDS",
        help="longest wait for the service to answer. Default: 60.",
    )
    command.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Return 0 when every worker uses what is there now, otherwise 1.

    Raises:
        SettingsError: settings have wrong values.
    """
    settings = at_home(environment())
    if arguments.port is not None:
        settings = replace(settings, port=arguments.port)
    path = pid_path(settings)
    if path is None:
        complain(
            f"The service cannot be found without a journal directory: set {variable('pid_file')},"
            " for this command and for the service. Or send SIGHUP to its first process."
        )
        return FAILED
    try:
        process = running(path)
        before = status(path) if process else Status()
    except OSError as problem:
        complain(f"{path} cannot be read ({problem.strerror or 'no reason given'}).")
        return FAILED
    if process is None:
        complain(f"No service runs: none holds {path}.")
        return FAILED
    try:
        site, remarks = read_or_refuse(settings)
    except SiteRefused as refused:
        complain(*refused.problems, "The service was not told: it goes on with what it had.")
        return FAILED
    complain(*remarks)
    try:
        os.kill(process, signal.SIGHUP)
    except OSError as problem:
        complain(f"Process {process} cannot be told to reload ({problem.strerror}).")
        return FAILED
    until = time.monotonic() + arguments.wait
    while time.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        try:
            now = status(path)
        except OSError:
            complain("The service ended meanwhile.")
            return FAILED
        if now.generation > before.generation:
            return _told(now, site)
    complain(f"The service did not answer within {arguments.wait} seconds; it may still reload.")
    return FAILED


def _told(now: Status, site: Site) -> int:
    """Say what the service came to, and return the exit code."""
    if now.problems:
        complain(*now.problems, "The service refused: it goes on with what it had.")
        return FAILED
    if set(now.content) != {site.fingerprint}:
        complain(
            "The service reloaded, but uses other files than this command: it runs with other"
            f" settings. {_differing(now, site)}"
        )
        return FAILED
    workers = len(now.content)
    said = "worker uses" if workers == 1 else "workers use"
    say(f"{workers} {said} content {site.advisor.content_version}.")
    return DONE


def _differing(now: Status, site: Site) -> str:
    """Return in what the files of the service differ from ours: a fingerprint has two parts."""
    theirs = sorted({each.partition(" ")[0] for each in now.content})
    ours = site.advisor.content_version
    if theirs == [ours]:
        return f"Its content is {ours} as here, its clients file is another."
    return f"Its content is {' and '.join(theirs)}, here it is {ours}."


def _port(text: str) -> int:
    try:
        return whole(0, 65535)(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{problem}; it is {text!r}") from None


def _seconds(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= _LONGEST:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from 1 to {_LONGEST}; it is {text!r}"
        )
    return int(text)
