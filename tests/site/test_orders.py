"""A site's orders are understood by its own codes."""

import pytest

from cds_service.cli.startup import ContentRefused
from cds_service.lint.request import lint
from tests.hook_request import BACK_PAIN, BREAST_CANCER, FEVER, request, resources
from tests.site.advice import LOCAL, consult, names, ordering, recognised

MRI = "mri-lumbar-spine-without-contrast"
WITH = "mri-lumbar-spine-without-and-with-contrast"
CHART = resources(BACK_PAIN, BREAST_CANCER, FEVER)
IMG = {"system": LOCAL, "code": "IMG123"}
ROW = f'orders: [{{system: "{LOCAL}", code: "IMG123", procedure: {MRI}}}]\n'


def test_a_local_code_is_advised_on_like_a_standard_one(opened):
    asked = request(ordering(IMG), CHART)
    assert names(consult(opened(ROW), asked)) == ["add-contrast"]
    assert consult(opened(), asked).assessments == ()


def test_a_local_code_counts_in_its_own_system_only(opened):
    site = opened(ROW)
    for other in ({"system": "urn:oid:1.2.3.4.6", "code": "IMG123"}, {"code": "IMG123"}):
        assert recognised(consult(site, request(ordering(other), CHART))) == ""


def test_an_oid_may_be_written_and_sent_with_its_scheme_or_without(opened):
    bare = LOCAL.removeprefix("urn:oid:")
    for written, sent in ((bare, LOCAL), (LOCAL, bare), (bare, bare)):
        asked = request(ordering({"system": sent, "code": "IMG123"}), CHART)
        assert recognised(consult(opened(ROW.replace(LOCAL, written)), asked)) == MRI


def test_several_systems_may_map_to_one_procedure(opened):
    site = opened(
        f'orders:\n  - {{system: "{LOCAL}", code: "IMG123", procedure: {MRI}}}\n'
        f'  - {{system: "https://ris.example/codes", code: "MRLWS", procedure: {MRI}}}\n'
        f'  - {{system: EPC, code: "4711", procedure: {MRI}}}\n'
    )
    for coding in (
        IMG,
        {"system": "https://ris.example/codes", "code": "MRLWS"},
        {"system": "EPC", "code": "4711"},
    ):
        assert recognised(consult(site, request(ordering(coding), CHART))) == MRI


def test_a_code_without_a_system_is_understood_where_the_site_maps_it_so(opened):
    site = opened(f'orders: [{{code: "IMG123", procedure: {MRI}}}]\n')
    for coding in ({"code": "IMG123"}, {"system": "", "code": " IMG123 ", "display": "MR"}):
        assert recognised(consult(site, request(ordering(coding), CHART))) == MRI
    assert recognised(consult(site, request(ordering(IMG), CHART))) == ""


def test_a_whole_text_is_understood_and_a_part_of_one_is_not(opened):
    site = opened(f'orders: [{{system: text, code: "MR LWS nativ", procedure: {MRI}}}]\n')
    assert recognised(consult(site, request(ordering(text="mr  lws NATIV"), CHART))) == MRI
    assert recognised(consult(site, request(ordering(text="MR LWS nativ, heute"), CHART))) != MRI


def test_a_local_code_that_contradicts_a_standard_one_leaves_the_order_unrecognised(opened):
    loinc = {"system": "http://loinc.org", "code": "24967-2"}
    both = consult(opened(ROW), request(ordering(IMG, loinc), CHART))
    assert both.assessments[0].recognised.conflict == (WITH, MRI)
    assert names(both) == ["order-contradicts-itself"]


def test_a_local_code_may_say_more_exactly_what_a_vague_standard_code_means(opened):
    vague = {"system": "http://loinc.org", "code": "24968-0"}
    assert recognised(consult(opened(ROW), request(ordering(vague, IMG), CHART))) == MRI


def test_a_table_of_hundreds_of_codes_is_read(opened):
    rows = "".join(f"{LOCAL},IMG{number},{MRI}\n" for number in range(500))
    site = opened("orders-file: codes.csv\n", codes_csv=f"system,code,procedure\n{rows}")
    asked = request(ordering({"system": LOCAL, "code": "IMG499"}), CHART)
    assert recognised(consult(site, asked)) == MRI


@pytest.mark.parametrize(
    "table",
    [
        f"Code;Name;Procedure;System\r\nIMG123;MR LWS;{MRI};{LOCAL}\r\n",
        f'\ufeffsystem,code,procedure,name\n{LOCAL},IMG123,{MRI},"MR, LWS"\n\n',
        f"SYSTEM , CODE , PROCEDURE\n {LOCAL} , IMG123 , {MRI}\n",
        f"system,code,procedure\r{LOCAL},IMG123,{MRI}\r",  # as some write it for Macintosh
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(opened, table):
    site = opened("orders-file: codes.csv\n", codes_csv=table)
    assert recognised(consult(site, request(ordering(IMG), CHART))) == MRI


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("", ["1:1 SITE010"]),
        ("system,code\n", ["1:1 SITE010"]),
        (f"system,code,code,procedure\n,X1,X2,{MRI}\n", ["1:1 SITE010"]),
        (f"system,code,procedure\r\n\r\n{LOCAL},X1,mri-lumber\r\n", ["3:22 REF005"]),
        (f'system,code,procedure\n{LOCAL},"X1,{MRI}\n', ["2:1 SITE010"]),
        (f"system,code,procedure\n{LOCAL},X1\n", ["2:1 SITE010"]),
        (f"system,code,procedure\n{LOCAL},,{MRI}\n", ["2:19 SITE010"]),
        (f'system,code,procedure\n{LOCAL},"X1"x,{MRI}\n', ["2:1 SITE010"]),
        (f"system,code,procedure\n\n{LOCAL},X1,mri-lumber\n", ["3:22 REF005"]),
        (f"system,code,procedure\n,X1,{MRI}\n,X1,{WITH}\n", ["3:2 SITE004"]),
        ("system,code,procedure\n,X1,\n,X2,\n", ["2:1 SITE014"]),
        (b"system,code,procedure\n,X1,\xe4\n", ["2:1 SITE010"]),
    ],
)
def test_a_mistake_in_a_table_is_told_with_its_line(issues, table, expected):
    found = issues("orders-file: codes.csv\n", codes_csv=table)
    assert [f"{each.line}:{each.column} {each.code}" for each in found] == expected
    assert all(each.path.endswith("codes.csv") for each in found)


def test_the_file_and_its_table_must_agree(issues, opened):
    text = f'orders: [{{code: "X1", procedure: {MRI}}}]\norders-file: codes.csv\n'
    (found,) = issues(text, codes_csv=f"system,code,procedure\n,X1,{WITH}\n")
    assert found.code == "SITE004"
    assert "site.yaml, line 1" in found.hint
    with pytest.raises(ContentRefused):
        opened(text, codes_csv=f"system,code,procedure\n,X1,{WITH}\n")


def test_a_change_in_the_table_changes_the_version_of_the_content(opened):
    versions = {
        opened(
            "orders-file: codes.csv\n", codes_csv=f"system,code,procedure\n,X{number},{MRI}\n"
        ).content.version
        for number in (1, 2)
    }
    assert len(versions) == 2


def test_lint_does_not_complain_about_codes_that_the_site_maps(opened):
    mapped = {"system": LOCAL, "code": "IMG123"}
    body = request(ordering(mapped), CHART)
    hooks = frozenset({"order-select"})
    before = [str(remark) for remark in lint(body, hooks, opened().content)]
    after = [str(remark) for remark in lint(body, hooks, opened(ROW).content)]
    assert any(f"in the code system '{LOCAL}' are not read" in each for each in before)
    assert any("no procedure we know" in each for each in before)
    assert not any(LOCAL in each or "no procedure we know" in each for each in after)
    other = request(ordering({"system": LOCAL, "code": "IMG999"}), CHART)
    assert any(LOCAL in str(each) for each in lint(other, hooks, opened(ROW).content))
