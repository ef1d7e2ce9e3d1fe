"""Traces are optional, cost nothing when off, and hold nothing of the patient."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from cds_service import tracing


@pytest.fixture
def spans():
    exporter = InMemorySpanExporter()
    tracing.start(SimpleSpanProcessor(exporter))
    yield exporter.get_finished_spans
    tracing.stop()


def test_without_an_endpoint_a_span_does_nothing(monkeypatch):
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    assert not tracing.configure()
    with tracing.span("request", hook="order-sign"):
        pass


def test_an_endpoint_without_the_packages_is_told_and_ignored(monkeypatch, capsys):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(tracing, "import_module", missing)
    assert not tracing.configure("http://127.0.0.1:4318")
    with tracing.span("request"):
        pass
    assert "tracing is not installed" in capsys.readouterr().err


def test_the_steps_of_a_call_are_spans_of_one_trace(spans):
    with tracing.span("request", service="imaging-order-sign", hook="order-sign"):
        for step in ("gather", "decide", "render"):
            with tracing.span(step):
                pass
    found = {span.name: span for span in spans()}
    assert set(found) == {"request", "gather", "decide", "render"}
    assert len({span.context.trace_id for span in found.values()}) == 1
    assert found["gather"].parent.span_id == found["request"].context.span_id
    assert found["request"].attributes == {
        "cds.service": "imaging-order-sign",
        "cds.hook": "order-sign",
    }


def test_only_what_may_be_logged_is_an_attribute(spans):
    with tracing.span("gather", orders=2, rules=["a", {"x": "Canary"}], patient="Canary",
                      cards={"x": "Canary"}):  # fmt: skip
        pass
    (span,) = spans()
    assert "Canary" not in span.to_json()
    assert span.attributes["cds.orders"] == 2
    assert span.attributes["cds.rules"] == ("a", "dict")
    assert span.attributes["cds.dropped_fields"] == 1


def test_an_exception_is_named_without_its_message(spans):
    with pytest.raises(ValueError, match="Canary"), tracing.span("render"):
        raise ValueError("Canary")
    (span,) = spans()
    assert "Canary" not in span.to_json()
    assert span.attributes["cds.exception_type"] == "ValueError"
    assert not span.status.is_ok
