"""Resources are found in any wrapping, and what is no FHIR is counted, not fatal."""

from pathlib import Path

import pytest

from cds_service.survey.reading import Read, pages
from tests.survey.conftest import BACK_PAIN, BREAST_CANCER, Folder, bundle, patient


def read(folder: Folder) -> Read:
    done = Read()
    list(pages((folder.path,), done))
    return done


def test_bundles_single_resources_lists_and_lines_are_read(folder: Folder) -> None:
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER))
    folder.write("deep/single.json", BACK_PAIN)
    folder.write("list.json", [BACK_PAIN, BACK_PAIN])
    folder.write_lines("Condition.ndjson", BREAST_CANCER, BACK_PAIN)
    assert read(folder).types == {"Patient": 1, "Condition": 6}


@pytest.mark.parametrize("name", ["set.tgz", "set.zip", "single.json.gz"])
def test_packed_files_are_read_without_unpacking(folder: Folder, name: str) -> None:
    folder.write_packed(name, "package/example/Condition-c.json", BREAST_CANCER)
    assert read(folder).types == {"Condition": 1}


def test_a_bundle_in_a_bundle_and_the_prefetch_of_a_hook_request_are_read(folder: Folder) -> None:
    folder.write("nested.json", bundle(bundle(BREAST_CANCER)))
    folder.write("request.json", {"hook": "order-select", "prefetch": {"a": bundle(BACK_PAIN)}})
    assert read(folder).types == {"Condition": 2}


def test_what_is_not_json_is_counted_and_the_rest_is_read(folder: Folder) -> None:
    folder.write("broken.json", b'{"resourceType": "Condition"')
    folder.write("broken.tgz", b"this is no archive")
    folder.write("lines.ndjson", b'{"resourceType": "Condition"}\nnot json\n\n')
    folder.write("notes.txt", b"no data at all")
    done = read(folder)
    assert (done.types, done.unreadable) == ({"Condition": 1}, 3)


def test_a_byte_order_mark_does_no_harm(folder: Folder) -> None:
    folder.write("marked.json", b'\xef\xbb\xbf{"resourceType": "Condition"}')
    assert read(folder).types == {"Condition": 1}


def test_json_that_is_no_fhir_holds_nothing(folder: Folder) -> None:
    folder.write("package.json", {"name": "a package", "files": [1, None, {"a": "b"}]})
    done = read(folder)
    assert (done.types, done.unreadable, done.files) == ({}, 0, 1)


def test_a_path_that_does_not_exist_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        list(pages((tmp_path / "nowhere",), Read()))
