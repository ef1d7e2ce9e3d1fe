"""A folder as a test export of a hospital holds it: odd shapes, odd files, two patients."""

import gzip
import io
import json
import tarfile
import zipfile
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cds_service.content.library import Content
from cds_service.survey.charts import Subject, charts
from cds_service.survey.reading import Read, pages
from cds_service.survey.run import Survey, survey

Json = dict[str, Any]
DAY = date(2026, 11, 22)
SNOMED, LOINC = "http://snomed.info/sct", "http://loinc.org"


def concept(system: str, code: str, **more: Any) -> Json:
    return {"coding": [{"system": system, "code": code, **more}]}


def record(kind: str, code: Json, patient: str = "Patient/one", **more: Any) -> Json:
    return {"resourceType": kind, "code": code, "subject": {"reference": patient}, **more}


def patient(identity: str = "one", **more: Any) -> Json:
    return {"resourceType": "Patient", "id": identity, "birthDate": "1958-03-01", **more}


BREAST_CANCER = record("Condition", concept(SNOMED, "254837009", display="Malignant tumor"), id="c")
BACK_PAIN = record("Condition", {"text": "Low back pain"}, id="b", onsetDateTime="2026-11-01")
PACEMAKER = {
    "resourceType": "Device",
    "id": "d",
    "type": concept(SNOMED, "14106009"),
    "patient": {"reference": "Patient/one"},
}


def bundle(*resources: Json, urls: bool = False) -> Json:
    return {
        "resourceType": "Bundle",
        "entry": [
            {"resource": each, **({"fullUrl": f"urn:uuid:{n}"} if urls else {})}
            for n, each in enumerate(resources)
        ],
    }


class Folder:
    """A folder that files are written into, and what a survey makes of it."""

    def __init__(self, path: Path, content: Content) -> None:
        self.path = path
        self.content = content
        self.read = Read()
        self.left_out: Counter[str] = Counter()

    def write(self, name: str, value: Any) -> None:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_bytes(body)

    def write_lines(self, name: str, *resources: Json) -> None:
        self.write(name, b"\n".join(json.dumps(each).encode() for each in resources))

    def write_packed(self, name: str, inside: str, value: Any) -> None:
        body = json.dumps(value).encode()
        if name.endswith(".tgz"):
            with tarfile.open(self.path / name, "w:gz") as archive:
                member = tarfile.TarInfo(inside)
                member.size = len(body)
                archive.addfile(member, io.BytesIO(body))
        elif name.endswith(".zip"):
            with zipfile.ZipFile(self.path / name, "w") as packed:
                packed.writestr(inside, body)
        else:
            (self.path / name).write_bytes(gzip.compress(body))

    @property
    def charts(self) -> list[Subject]:
        return list(charts(pages((self.path,), self.read), self.content, self.left_out))

    def survey(self, day: date | None = DAY, http_every: int = 1) -> Survey:
        return survey((self.path,), self.content, day, DAY, http_every)


@pytest.fixture
def folder(tmp_path: Path, content: Content) -> Folder:
    return Folder(tmp_path, content)
