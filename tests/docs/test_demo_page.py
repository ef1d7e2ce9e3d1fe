"""What the documentation says of the order-entry page is so."""

import re
from pathlib import Path

import pytest

from cds_service.web.demo.charts import demo_patients

ROOT = Path(__file__).parents[2]
LARGEST_PICTURE = 200_000


@pytest.mark.parametrize("document", ["docs/demo.md", "CHANGELOG.md"])
def test_the_number_of_synthetic_patients_is_right(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    (said,) = re.findall(r"(\d+) synthetic (?:ones|patients)", text)
    assert int(said) == len(demo_patients())


def test_pictures_are_small_and_all_are_shown() -> None:
    shown = (ROOT / "docs/demo.md").read_text(encoding="utf-8")
    for picture in sorted((ROOT / "docs/pictures").glob("*.webp")):
        assert picture.stat().st_size < LARGEST_PICTURE
        assert f"pictures/{picture.name}" in shown
