"""``imaging-advisor survey`` as a person calls it."""

import json
from pathlib import Path

import pytest

from cds_service.cli.main import main
from tests.survey.conftest import BREAST_CANCER, PACEMAKER, Folder, bundle, patient


def test_it_prints_a_page_and_writes_the_counts(
    folder: Folder, tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    folder.write("bundle.json", bundle(patient(), BREAST_CANCER, PACEMAKER))
    counts = tmp_path_factory.mktemp("out") / "counts.json"
    code = main(["survey", str(folder.path), "--as-of", "2026-11-22", "--json", str(counts)])
    page = capsys.readouterr().out
    assert code == 0
    assert "| crashes | 0 |" in page
    assert "| pacemaker | Device | snomed-ct | 14106009 |" in page
    assert json.loads(counts.read_text())["charts"] == 1


def test_without_the_path_it_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["survey", str(tmp_path / "nowhere")]) == 1
    assert "There is no file or folder" in capsys.readouterr().err


def test_a_day_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["survey", str(tmp_path), "--as-of", "yesterday"])
    assert "is no day" in capsys.readouterr().err
