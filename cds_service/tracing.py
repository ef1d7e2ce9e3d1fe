"""Optional traces (OpenTelemetry): where the time of a call went, nothing of the patient.

Without the OpenTelemetry packages, or without an endpoint, a span costs nothing and does nothing.
A span carries the fields that may be logged and no others; an exception marks it as failed with
the name of its type, because messages can hold patient data. The provider is the service's own,
not the global one, so that libraries which trace URLs do not export through it.
"""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from typing import Any, Literal

from cds_service import __version__
from cds_service.log import allowed_fields_only, logger

Step = Literal["request", "gather", "decide", "render"]
"""The steps of a call that have a span."""

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""The standard environment variable that names the collector."""

_NAME = "imaging-order-advisor"
_log = logger(__name__)


class _Tracing:
    """What is switched on in this process: a tracer and its provider, or nothing."""

    tracer: Any = None
    provider: Any = None


def configure(endpoint: str = "") -> bool:
    """Switch traces on if there is an `endpoint`, here or in the environment; say whether.

    An endpoint without the packages is told in the log and otherwise ignored: advice matters more.
    """
    endpoint = endpoint or os.environ.get(ENDPOINT, "")
    if not endpoint:
        return False
    try:
        exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        batch = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor
        url = f"{endpoint.rstrip('/')}/v1/traces"
        processor = batch(exporter.OTLPSpanExporter(endpoint=url))
    except ImportError as problem:
        _log.warning("tracing is not installed", exception_type=type(problem).__name__)
        return False
    start(processor)
    return True


def start(processor: Any) -> None:
    """Send spans to `processor`, a span processor of the OpenTelemetry SDK.

    Raises:
        ImportError: the SDK is not installed.
    """
    resources = import_module("opentelemetry.sdk.resources")
    resource = resources.Resource({"service.name": _NAME, "service.version": __version__})
    stop()
    _Tracing.provider = import_module("opentelemetry.sdk.trace").TracerProvider(resource=resource)
    _Tracing.provider.add_span_processor(processor)
    _Tracing.tracer = _Tracing.provider.get_tracer(_NAME, __version__)


def stop() -> None:
    """Send what is left and switch traces off."""
    provider, _Tracing.provider, _Tracing.tracer = _Tracing.provider, None, None
    if provider is not None:
        provider.shutdown()


def span(step: Step, **facts: Any) -> AbstractContextManager[None]:
    """Trace what happens inside as `step`, with the `facts` that may be logged."""
    tracer = _Tracing.tracer
    return _UNTRACED if tracer is None else _traced(tracer, step, facts)


_UNTRACED = nullcontext()


@contextmanager
def _traced(tracer: Any, step: Step, facts: dict[str, Any]) -> Iterator[None]:
    with tracer.start_as_current_span(
        step, attributes=_attributes(facts), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except Exception as error:
            codes = import_module("opentelemetry.trace").StatusCode
            current.set_status(codes.ERROR)
            current.set_attributes(_attributes({"exception_type": type(error).__name__}))
            raise


def _attributes(facts: dict[str, Any]) -> dict[str, Any]:
    """Return `facts` as attributes under ``cds.``, without those that may not be logged."""
    kept = allowed_fields_only(None, "", facts)
    return {f"cds.{name}": _attribute(value) for name, value in kept.items() if value is not None}


def _attribute(value: object) -> object:
    # a list of several kinds of values is no attribute
    return [str(item) for item in value] if isinstance(value, list) else value
