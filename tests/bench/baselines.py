"""The applications to compare with: they read a request in four ways and answer a constant card.

A server loads one of the functions as a factory. The answers are those of this service to the same
requests, so that sending them costs the same: files in the directory that ``BENCH_ANSWERS`` names.
"""

import gc
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from flask import Flask, Response, request

ANSWERS = "BENCH_ANSWERS"


def a() -> Flask:
    """Return the bare application: the JSON is parsed, and nothing is done with it."""
    return _answering(json.loads)


def b() -> Flask:
    """Return the bare application with the fastest general JSON parser."""
    import orjson  # noqa: PLC0415 - each server loads only what it needs

    return _answering(orjson.loads)


def c() -> Flask:
    """Return the application that validates every resource of the chart with strict models."""
    from fhir.resources.R4B import get_fhir_model_class  # noqa: PLC0415

    def read(body: bytes) -> None:
        for value in json.loads(body)["prefetch"].values():
            entries = value.get("entry", ()) if value["resourceType"] == "Bundle" else ()
            for resource in [entry["resource"] for entry in entries] or [value]:
                get_fhir_model_class(resource["resourceType"]).model_validate(resource)

    return _answering(read)


def d() -> Flask:
    """Return the floor: of each resource a dozen fields are read, and the collector is tamed."""
    envelope = msgspec.json.Decoder(_Envelope)
    bundle = msgspec.json.Decoder(_Bundle)

    def read(body: bytes) -> None:
        for name, value in envelope.decode(body).prefetch.items():
            if name != "patient":
                bundle.decode(value)

    app = _answering(read)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    return app


def _answering(read: Callable[[bytes], Any]) -> Flask:
    app = Flask("baseline", static_folder=None)
    answers = {path.stem: path.read_bytes() for path in Path(os.environ[ANSWERS]).glob("*.json")}

    @app.post("/cds-services/<name>")
    def call(name: str) -> Response:
        read(request.get_data(cache=False))
        return Response(answers[name], mimetype="application/json")

    @app.get("/readyz")
    def ready() -> Response:
        return Response(b"{}", mimetype="application/json")

    return app


class _Coding(msgspec.Struct, gc=False):
    system: str | None = None
    code: str | None = None
    display: str | None = None


class _Concept(msgspec.Struct, gc=False):
    coding: list[_Coding] = []
    text: str | None = None


class _Quantity(msgspec.Struct, gc=False):
    value: float | None = None
    unit: str | None = None
    code: str | None = None


class _Resource(msgspec.Struct, gc=False):
    resourceType: str  # noqa: N815 - the name in FHIR
    id: str | None = None
    code: _Concept | None = None
    status: str | None = None
    clinicalStatus: _Concept | None = None  # noqa: N815
    verificationStatus: _Concept | None = None  # noqa: N815
    valueQuantity: _Quantity | None = None  # noqa: N815
    effectiveDateTime: str | None = None  # noqa: N815
    onsetDateTime: str | None = None  # noqa: N815
    recordedDate: str | None = None  # noqa: N815
    medicationCodeableConcept: _Concept | None = None  # noqa: N815
    type: _Concept | None = None


class _Entry(msgspec.Struct, gc=False):
    resource: _Resource


class _Bundle(msgspec.Struct, gc=False):
    resourceType: str  # noqa: N815
    entry: list[_Entry] = []


class _Envelope(msgspec.Struct, gc=False):
    hook: str
    hookInstance: str  # noqa: N815
    context: dict[str, Any]
    prefetch: dict[str, msgspec.Raw]
