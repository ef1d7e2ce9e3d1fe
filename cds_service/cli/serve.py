"""``imaging-advisor serve``: the service over HTTP, until it is told to stop."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cds_service.cli.beside import Reading
from cds_service.cli.output import capital
from cds_service.cli.startup import environment
from cds_service.serving.collector import pause
from cds_service.settings import every_setting, variable

_ARGUMENTS = ("host", "port", "workers", "threads", "demo")


def add_to(commands: Any) -> None:
    """Add the command to the parser's `commands`."""
    about = "check the content and serve CDS Hooks over HTTP"
    command = commands.add_parser("serve", help=about, description=f"{capital(about)}.")
    settings = {setting.name: setting for setting in every_setting()}
    for name, metavar in (("host", "H"), ("port", "P"), ("workers", "N"), ("threads", "N")):
        _, default, read, meaning = settings[name]
        command.add_argument(
            f"--{name}",
            type=_argument(read),
            metavar=metavar,
            help=f"{meaning} Default: {variable(name)}, else {default}.",
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
    pause()
    given = {name: getattr(arguments, name) for name in _ARGUMENTS}
    settings = replace(
        environment(), **{name: value for name, value in given.items() if value is not None}
    )
    reading = Reading(settings.cards_dir)
    # what takes longest, the service with its libraries, is imported while the content is read
    from cds_service.cli.start import start  # noqa: PLC0415

    return start(settings, reading)


def _argument(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """Return `read` with its complaints in the words of the command line."""

    def checked(value: str) -> Any:
        try:
            return read(value)
        except ValueError as problem:
            raise argparse.ArgumentTypeError(f"{problem}; it is {value!r}") from None

    return checked
