"""Files of others are those that were published, with their licence beside them."""

import hashlib
import re
from pathlib import Path

import pytest

from cds_service.web.pages import page

ROOT = Path(__file__).parents[3]
VENDOR = Path(page.__file__).parent / "static" / "vendor"
SUMS = dict(
    reversed(line.split())  # type: ignore[misc]
    for line in (VENDOR / "SHA512SUMS").read_text().splitlines()
    if not line.startswith("#")
)


def test_each_file_is_on_the_list():
    assert {path.name for path in VENDOR.iterdir()} - {"SHA512SUMS"} == set(SUMS)


@pytest.mark.parametrize("name", SUMS)
def test_a_file_is_what_its_hash_says(name: str):
    assert hashlib.sha512((VENDOR / name).read_bytes()).hexdigest() == SUMS[name]


def test_the_notice_names_the_version_that_is_served():
    head = (VENDOR / "chart.umd.min.js").read_text(encoding="utf-8")[:200]
    version = re.search(r"Chart\.js v([0-9.]+)", head)
    assert version
    assert f"Chart.js {version[1]}" in (ROOT / "NOTICE").read_text(encoding="utf-8")
