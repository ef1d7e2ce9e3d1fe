"""The command "clients": what is agreed with each client, for whoever agreed on it."""

import pytest

FILE = """\
clients:
  - id: ehr
    title: The EHR
    issuer: https://ehr.example/fhir
    jwks_url: https://ehr.example/jwks.json
    algorithms: [RS384]
    subject: advisor
    tenants: [north, south]
    audience: https://agreed.example
    ignore_trailing_slash: true
    require_typ: false
    leeway: 20
    dialect: epic
    order_codes:
      mri-lumbar-spine-without-and-with-contrast:
        - {system: "urn:oid:1.2.3.4", code: "77001", display: MR lumbar spine w/wo}
        - {system: "urn:oid:1.2.3.5", code: "9"}
    disabled_cards: [add-contrast]
    max_cards_per_order: 1
"""


@pytest.fixture
def file(tmp_path):
    def write(text):
        path = tmp_path / "clients.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_all_that_was_agreed_is_shown(call, file):
    ran = call("clients", file(FILE))
    assert (ran.code, ran.err) == (0, "")
    tokens = "at most 900 s, clocks 20 s apart; aud https://agreed.example"
    assert f"  tokens        {tokens}; with or without a slash at its end; sub advisor" in ran.out
    assert "tenant north or south; typ may be missing" in ran.out
    assert "  most cards    1 for one order" in ran.out
    assert "  cards off     add-contrast" in ran.out
    codes = "urn:oid:1.2.3.4 77001 MR lumbar spine w/wo, urn:oid:1.2.3.5 9"
    assert f"mri-lumbar-spine-without-and-with-contrast: {codes}\n" in ran.out


def test_what_was_not_agreed_is_as_in_the_site_file_and_not_shown(call, file):
    shortest = "".join(FILE.splitlines(keepends=True)[:5])
    out = call("clients", file(shortest)).out
    assert "  tokens        at most 900 s, clocks 5 s apart; aud the address called\n" in out
    for name in ("most cards", "cards off", "order code"):
        assert name not in out


def test_a_mistake_is_told_with_its_place_and_nothing_is_shown(call, file):
    path = file(FILE.replace("leeway: 20", "leeway: 90"))
    ran = call("clients", path)
    assert (ran.code, ran.out) == (2, "")
    assert f"{path}:12:5: " in ran.err
