"""The command ``test``, which runs the cases of the content."""

from pathlib import Path

CASES = "topics/low-back-pain/orders.cases.yaml"

WRONG = """\
kind: cases
id: written-by-a-clinician
title: A case that expects what does not come
as-of: "2026-11-22"
cases:
  - name: "Two weeks of back pain need a contrast agent"
    about: [imaging-not-needed]
    fires: false
    given:
      records:
        - {condition: "snomed-ct 279039007", onset: "2026-11-08"}
    expect:
      variant: low-back-pain-7
      cards: []
"""


def add(directory: Path, text: str) -> None:
    (directory / "clinician.cases.yaml").write_text(text, encoding="utf-8")


def test_cases_that_hold_are_summed_up_in_one_line(call):
    ran = call("test", "-k", CASES)
    assert ran.code == 0
    assert ran.out.endswith(" cases, 0 failed\n")
    assert ran.out.count("\n") == 1


def test_cases_that_hold_are_named_on_request(call):
    ran = call("test", "-v", "-k", "orders.cases.yaml: A child of nine")
    assert f"ok     {CASES}: A child of nine: adult tables do not apply" in ran.out
    assert ran.out.endswith("1 cases, 0 failed\n")


def test_a_case_that_fails_is_printed_with_its_path_and_every_difference(call, shipped):
    add(shipped, WRONG)
    ran = call("test", shipped, "-k", "clinician.cases")
    assert ran.code == 1
    assert "FAILED clinician.cases.yaml: Two weeks of back pain need a contrast agent" in ran.out
    assert "    imaging-not-needed should stay silent and did not" in ran.out
    assert "    variant: expected low-back-pain-7, got low-back-pain-1" in ran.out
    assert "    card given and not expected: " in ran.out
    assert ran.out.endswith("1 cases, 1 failed\n")


def test_a_case_whose_short_form_is_not_understood_fails_with_its_name(call, shipped):
    add(shipped, WRONG.replace("snomed-ct 279", "snowmed 279"))
    ran = call("test", shipped, "-k", "clinician.cases")
    assert ran.code == 1
    assert "clinician.cases.yaml" in ran.out + ran.err
    assert "snowmed" in ran.out + ran.err


def test_cases_still_missing_do_not_stop_the_others(call, shipped):
    for path in shipped.rglob("*.cases.yaml"):
        if path.name != Path(CASES).name:
            path.unlink()
    assert call("check", shipped).code == 1
    assert call("test", shipped).code == 0


def test_content_that_cannot_be_used_is_refused_before_any_case(call, shipped):
    (shipped / "parameters.yaml").unlink()
    ran = call("test", shipped)
    assert ran.code == 2
    assert "REF002 error" in ran.err
    assert "cases," not in ran.out


def test_no_case_at_all_is_a_failure(call, shipped):
    for path in shipped.rglob("*.cases.yaml"):
        path.unlink()
    ran = call("test", shipped)
    assert ran.code == 1
    assert ran.out == "0 cases, 0 failed\n"
    assert "nothing was tested" in ran.err


def test_a_text_that_no_case_has_is_a_failure(call):
    ran = call("test", "-k", "no case is called so")
    assert ran.code == 1
    assert "'no case is called so'" in ran.err


def test_cases_run_with_the_published_values_and_not_with_those_of_the_site(
    call, monkeypatch, tmp_path
):
    path = tmp_path / "site.yaml"
    text = "parameters: {fever-temperature: 40}\nrules: {switched-off: [add-contrast]}\n"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("CDS_SITE_FILE", str(path))
    assert call("test", "-k", CASES).code == 0
