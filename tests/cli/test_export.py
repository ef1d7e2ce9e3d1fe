"""``imaging-advisor export fhir``: where the Bundle goes, and what is said when it cannot."""

import json


def test_the_bundle_goes_to_the_terminal(call, small):
    ran = call("export", "fhir", small)
    assert ran.code == 0
    assert ran.json["type"] == "collection"
    assert ran.err == ""


def test_the_bundle_goes_to_a_file(call, small, tmp_path):
    path = tmp_path / "content.json"
    ran = call("export", "fhir", "--out", path, "--base", "https://fhir.hospital.example", small)
    assert ran.code == 0
    assert ran.out == ""
    made = json.loads(path.read_text(encoding="utf-8"))
    assert made["entry"][0]["fullUrl"].startswith("https://fhir.hospital.example/Library/")
    assert ran.err.startswith(f"{len(made['entry'])} resources of content ")


def test_file_and_terminal_hold_the_same(call, small, tmp_path):
    path = tmp_path / "content.json"
    call("export", "fhir", "--out", path, small)
    assert path.read_text(encoding="utf-8") == call("export", "fhir", small).out


def test_content_with_errors_is_not_exported(call, small, tmp_path):
    (small / "broken.yaml").write_text("kind: nothing\n", encoding="utf-8")
    path = tmp_path / "content.json"
    ran = call("export", "fhir", "--out", path, small)
    assert ran.code == 2
    assert "SCHEMA001" in ran.err
    assert "1 error:" in ran.err
    assert not path.exists()


def test_a_directory_that_is_not_there_is_said(call, tmp_path):
    ran = call("export", "fhir", tmp_path / "nothing")
    assert ran.code == 2
    assert "There is no clinical content" in ran.err


def test_the_content_in_use_is_exported_without_a_directory(call, small, monkeypatch):
    monkeypatch.setenv("CDS_CARDS_DIR", str(small))
    assert call("export", "fhir").out == call("export", "fhir", small).out


def test_a_file_that_cannot_be_written_is_said(call, small, tmp_path):
    ran = call("export", "fhir", "--out", tmp_path / "nowhere" / "content.json", small)
    assert ran.code == 1
    assert "cannot be written: No such file or directory" in ran.err


def test_a_base_that_is_no_address_is_refused(call, small):
    ran = call("export", "fhir", "--base", "urn:oid:1.2.3", small)
    assert ran.code == 2
    assert "cannot be the base of canonical addresses" in ran.err


def test_a_format_must_be_named(call):
    assert call("export").code == 2
