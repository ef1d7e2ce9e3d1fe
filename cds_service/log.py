"""Logging that cannot hold patient data.

Only fields on `FIELDS` reach the log, and only as short plain values: whoever passes a chart, an
exception text or a token by mistake logs the name of its type, or nothing. Records of libraries
are logged as their message pattern without its arguments, because those hold URLs and data.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Protocol, TextIO, cast

import msgspec

# structlog takes rich wherever that is installed, to print exceptions with the values of their
# variables: what this log must never do would cost each start 40 ms, and each process 5 MiB.
_rich = sys.modules.get("rich")
sys.modules["rich"] = cast("Any", None)  # as Python documents it: it cannot be imported
try:
    import structlog
finally:
    if _rich is None:
        del sys.modules["rich"]
    else:
        sys.modules["rich"] = _rich

FIELDS = frozenset(
    {
        "address",
        "cards",
        "client",
        "content_version",
        "correlation_id",
        "dropped_fields",
        "error_code",
        "event",
        "exception_type",
        "feedback",
        "fhir_reads",
        "hook",
        "hook_instance",
        "latency_ms",
        "level",
        "location",
        "lost",
        "method",
        "missing_sources",
        "module",
        "orders",
        "outcome",
        "path_template",
        "remarks",
        "rules",
        "selected",
        "service",
        "status",
        "timestamp",
        "version",
    }
)
"""Names of the fields that may be logged."""

_LONGEST = 200
_MOST_ITEMS = 50

Event = MutableMapping[str, Any]


class LogSettings(Protocol):
    """What logging needs of the settings."""

    @property
    def log_level(self) -> str:
        """Least severe level that is logged."""
        ...

    @property
    def log_format(self) -> str:
        """``json`` or ``console``."""
        ...


def configure(settings: LogSettings) -> None:
    """Set up logging of the service and of its libraries to standard error."""
    level = logging.getLevelNamesMapping()[settings.log_level]
    _configure_structlog(level, settings.log_format)
    logging.basicConfig(handlers=[_LibraryRecords()], level=max(level, logging.WARNING), force=True)


def logger(name: str) -> structlog.typing.FilteringBoundLogger:
    """Return the logger of the module `name`; it may be asked for before `configure`."""
    return cast(structlog.typing.FilteringBoundLogger, structlog.get_logger(module=name))


def allowed_fields_only(_logger: object, _method: str, event: Event) -> Event:
    """Return `event` with only the fields on `FIELDS`, each as a short plain value.

    ``dropped_fields`` counts what was left out, so that the mistake can be found and mended.
    """
    kept: Event = {name: _plain(value) for name, value in event.items() if name in FIELDS}
    if len(kept) < len(event):
        kept["dropped_fields"] = len(event) - len(kept)
    return kept


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, str):
        if len(value) <= _LONGEST and value.isprintable():
            return value
        return "".join(c if c.isprintable() else " " for c in value[:_LONGEST])
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [
            _plain(item) if isinstance(item, str | int | float) else type(item).__name__
            for item in items[:_MOST_ITEMS]
        ]
    return type(value).__name__


def _configure_structlog(level: int, log_format: str) -> None:
    renderer: Any = structlog.dev.ConsoleRenderer(colors=False)
    if log_format == "json":
        renderer = structlog.processors.JSONRenderer(serializer=_as_json)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            allowed_fields_only,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_to_standard_error,
        cache_logger_on_first_use=False,
    )


def _as_json(event: Event, **_options: object) -> str:
    return msgspec.json.encode(event).decode()


def _to_standard_error(*_arguments: object) -> structlog.WriteLogger:
    stream: TextIO = sys.stderr
    return structlog.WriteLogger(stream)


class _LibraryRecords(logging.Handler):
    """Hand records of libraries to our log without their arguments."""

    def emit(self, record: logging.LogRecord) -> None:
        facts = {"module": record.name}
        if record.exc_info and record.exc_info[0]:
            facts["exception_type"] = record.exc_info[0].__name__
        pattern = record.msg if isinstance(record.msg, str) else type(record.msg).__name__
        structlog.get_logger().log(record.levelno, pattern, **facts)


# The rule on fields holds for a program too that never calls configure.
_configure_structlog(logging.WARNING, "console")
