"""What the README shows is what the service does.

``UPDATE_DOCS=1 pytest tests/docs`` writes the generated parts anew.
"""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.cli.settings import settings_table
from tests.hook_request import SELECT

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"
REQUEST = ROOT / "docs" / "examples" / "pacemaker.request.json"


def generated(name: str, text: str, document: Path) -> None:
    """Assert that the part `name` of `document` is `text`, or write it so when asked to."""
    marks = re.compile(rf"(<!-- {name}:begin[^>]*-->\n).*?(<!-- {name}:end -->)", re.DOTALL)
    current = document.read_text(encoding="utf-8")
    wanted = marks.sub(lambda found: f"{found[1]}{text}\n{found[2]}", current)
    assert marks.search(current), f"{document.name} has no part {name}"
    if os.environ.get("UPDATE_DOCS"):
        document.write_text(wanted, encoding="utf-8")
    else:
        assert current == wanted, f"part {name} of {document.name} is stale"


def without_ids(value: Any) -> Any:
    """Return an answer without what is new each time: uuids and the content version."""
    if isinstance(value, dict):
        return {name: without_ids(inner) for name, inner in value.items() if name != "uuid"}
    if isinstance(value, list):
        return [without_ids(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r", content [0-9a-f]{12}", "", value)
    return value


def test_the_answer_in_the_readme_is_the_services_answer(service: FlaskClient) -> None:
    response = service.post(SELECT, data=REQUEST.read_bytes(), content_type="application/json")
    assert response.status_code == 200
    shown = json.dumps(without_ids(response.get_json()), indent=2, ensure_ascii=False)
    generated("answer", f"```json\n{shown}\n```", README)


def test_the_settings_in_the_readme_are_the_settings() -> None:
    generated("settings", settings_table().strip(), README)


@pytest.mark.parametrize(
    "document",
    [
        "README.md",
        "CHANGELOG.md",
        "cards/README.md",
        "docs/coverage.md",
        "docs/site.md",
        "docs/image.md",
        "docs/integrate.md",
        "docs/performance.md",
        "docs/demo.md",
    ],
)
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target:
            assert (ROOT / document).parent.joinpath(target).exists(), target
