"""YAML in content means what an author sees, or it is refused."""

from pathlib import Path

import pytest

from cds_service.content.strict_yaml import read, read_text
from cds_service.content.yaml_places import Positions

AS_WRITTEN = {
    "a code with leading zeros": "00100",
    "a number with a leading zero and decimals": "01.5",
    "the word no": "no",
    "the word yes": "yes",
    "the word on": "on",
    "the word off": "off",
    "the word True with a capital": "True",
    "an ICD-10-CM code that looks like an exponent": "1E10",
    "a day": "2026-11-23",
    "an instant": "2026-11-23T10:00:00Z",
    "a time that looks sexagesimal": "12:30",
    "a hexadecimal number": "0x1F",
    "an octal number": "0o17",
    "a number with underscores": "1_000",
    "infinity": ".inf",
    "not a number": ".nan",
    "a number with a plus sign": "+5",
    "a number without a whole part": ".5",
    "a tilde": "~",
    "a number too long to be a quantity": "1" * 30,
    "digits that are not ASCII": "٣",
}


@pytest.mark.parametrize("written", AS_WRITTEN.values(), ids=AS_WRITTEN.keys())
def test_stays_text(written):
    assert read_text(f"key: {written}\n", "f")[0] == {"key": written}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("65", 65),
        ("-3", -3),
        ("38.0", 38.0),
        ("-0.5", -0.5),
        ('"65"', "65"),
        ("'true'", "true"),
        ('""', ""),
    ],
)
def test_few_words_and_plain_numbers_are_not_text(written, meant):
    data = read_text(f"key: {written}\n", "f")[0]
    assert data == {"key": meant}
    assert type(data["key"]) is type(meant)


def test_a_key_is_always_text():
    assert read_text("1: one\ntrue: two\n2026-01-01: three\n", "f")[0] == {
        "1": "one",
        "true": "two",
        "2026-01-01": "three",
    }


def reported(text):
    return [(issue.code, issue.line, issue.column) for issue in read_text(text, "f")[2]]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("a: 1\nb:\n  c: 2\n  c: [3, {d: 4}]\n", ("YAML005", 4, 3)),
        ("a: &x 1\n", ("YAML006", 1, 4)),
        ("a: !!int 1\n", ("YAML007", 1, 4)),
        ("a: 1\n---\nb: 2\n", ("YAML008", 2, 1)),
        ("? [a]\n: 1\n", ("YAML009", 1, 3)),
        ("a: 1\n\tb: 2\n", ("YAML004", 2, 1)),
        ("a: 'x\ty'\n", ("YAML004", 1, 6)),
        ("a: [1\n", ("YAML003", 2, 1)),
        ("a: \x01\n", ("YAML003", 1, 1)),
        ("[" * 100, ("YAML003", 1, 62)),
        ("", ("YAML002", 1, 1)),
        ("# only a comment\n", ("YAML002", 1, 1)),
    ],
)
def test_what_can_hide_a_mistake_is_refused_at_its_place(text, where):
    assert reported(text) == [where]


def test_every_tab_is_reported():
    assert reported("a:\tb\nc: d\ne:\tf\n") == [("YAML004", 1, 3), ("YAML004", 3, 3)]


def test_a_key_given_twice_keeps_its_first_value_and_its_place():
    data, positions, _ = read_text("a: 1\na: {b: 2}\nc: 3\n", "f")
    assert data == {"a": 1, "c": 3}
    assert positions.at(("a",)) == (1, 4)
    assert positions.at(("a", "b")) == (1, 4)


def test_an_alias_leaves_no_data():
    assert read_text("a: &x 1\nb: *x\n", "f")[0] is None


def test_an_alias_cannot_be_a_key():
    assert reported("a: &x b\n*x : 1\n") == [("YAML006", 1, 4), ("YAML006", 2, 1)]


def test_bytes_that_are_not_utf_8_are_refused_at_their_place(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: b\nname: Muñoz\n".encode("latin-1"))
    data, _, issues = read(path)
    assert data is None
    assert [str(issue) for issue in issues] == [
        f"{path}:2:9: YAML001 error: this is not UTF-8 text (save as plain UTF-8)"
    ]


def test_a_byte_order_mark_is_refused(tmp_path):
    path = tmp_path / "bom.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: b\n")
    assert [issue.code for issue in read(path, "bom.yaml")[2]] == ["YAML001"]


def test_a_missing_file_is_an_error_of_its_own():
    with pytest.raises(FileNotFoundError):
        read(Path("no-such.yaml"))


def test_the_place_of_every_key_and_value_is_kept():
    text = "procedures:\n  - id: mri\n    codes:\n      - {system: loinc, code: '30679-5'}\n"
    positions = read_text(text, "f")[1]
    code = ("procedures", 0, "codes", 0, "code")
    assert positions.at(code) == (4, 31)
    assert positions.key(code) == (4, 25)
    assert positions.at(("procedures",)) == (2, 3)
    assert positions.key(("procedures",)) == (1, 1)


def test_columns_count_characters_and_not_bytes():
    assert read_text("{level: ☢☢☢, adult: x}\n", "f")[1].at(("adult",)) == (1, 21)


def test_what_is_not_there_is_placed_at_its_nearest_parent():
    positions = read_text("a:\n  b: 1\n", "f")[1]
    assert positions.at(("a", "missing", 3)) == (2, 3)
    assert positions.key(("a", "missing")) == (2, 3)
    assert Positions().at(("anything",)) == (1, 1)
