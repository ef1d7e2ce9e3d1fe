"""Keys: pseudonyms that tell nothing, comments that only their key can read."""

import base64
import hmac
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cds_service.journal.errors import JournalMisconfigured
from cds_service.journal.keys import KEY_FILE, CommentCipher, SiteKey

KEY = SiteKey(b"k" * 32)
BASE64_KEY = base64.b64encode(b"c" * 32).decode()


def test_a_pseudonym_depends_on_key_kind_scope_and_id_alone():
    one = KEY.pseudonym("Patient", "123", "north")
    assert len(one) == 64
    assert one == KEY.pseudonym("Patient", "123", "north")
    others = {
        KEY.pseudonym("Patient", "124", "north"),
        KEY.pseudonym("Patient", "123", "south"),
        KEY.pseudonym("order", "123", "north"),
        KEY.pseudonym("Patient", "north", "123"),
        SiteKey(b"x" * 32).pseudonym("Patient", "123", "north"),
    }
    assert len(others | {one}) == 6


def test_a_pseudonym_is_the_hmac_so_that_those_in_older_records_still_match():
    for kind, identity, scope in (
        ("Patient", "123", "north"),
        ("order", "", ""),
        ("o", "\u00e4", ""),
    ):
        told = b"\x00".join(part.encode() for part in (kind, scope, identity))
        expected = hmac.new(b"k" * 32, told, "sha256").hexdigest()
        assert KEY.pseudonym(kind, identity, scope) == expected


def test_threads_that_make_pseudonyms_at_once_do_not_disturb_each_other():
    ids = [str(number) * 3000 for number in range(200)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda each: KEY.pseudonym("Patient", each), ids * 4))
    assert found == [KEY.pseudonym("Patient", each) for each in ids] * 4


def test_a_key_of_our_own_is_made_once_and_readable_by_us_alone(tmp_path: Path):
    made = SiteKey.kept_in(tmp_path)
    path = tmp_path / KEY_FILE
    assert (path.stat().st_mode & 0o777, len(path.read_bytes())) == (0o600, 32)
    assert SiteKey.kept_in(tmp_path).pseudonym("a", "b") == made.pseudonym("a", "b")
    assert [each.name for each in tmp_path.iterdir()] == [KEY_FILE]


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path):
    code = (
        "import sys; from pathlib import Path; from cds_service.journal.keys import SiteKey;"
        "print(SiteKey.kept_in(Path(sys.argv[1])).pseudonym('a', 'b'))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE)
        for _ in range(6)
    ]
    assert len({process.communicate(timeout=120)[0] for process in processes}) == 1


@pytest.mark.parametrize("text", ["short", "x" * 31])
def test_a_short_key_is_refused(text: str):
    with pytest.raises(JournalMisconfigured) as caught:
        SiteKey.configured(text)
    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("9DBB92DD-6673-4E28-8D08-CC46005D35CE", "9dbb92dd-6673-4e28-8d08-cc46005d35ce"),
        ("urn:uuid:9dbb92dd-6673-4e28-8d08-cc46005d35ce", "9dbb92dd-6673-4e28-8d08-cc46005d35ce"),
        ("123456", "123456"),
        ("http://example.org/override", "http://example.org/override"),
        ("", ""),
    ],
)
def test_an_identifier_stays_as_it_is(given: str, kept: str):
    assert KEY.identifier(given) == kept


@pytest.mark.parametrize("given", ["Doe, Jane", "born 1961", "a\x00b", "ü", "x" * 256, "a\n"])
def test_what_could_be_free_text_is_hidden(given: str):
    hidden = KEY.identifier(given)
    assert hidden == f"hidden:{KEY.pseudonym('identifier', given)}"


def test_a_comment_is_read_with_its_key_and_for_its_event_only():
    cipher = CommentCipher.configured(BASE64_KEY)
    stored = cipher.encrypt("call the son", "event-1")
    assert b"son" not in stored
    assert stored != cipher.encrypt("call the son", "event-1")
    assert cipher.decrypt(stored, "event-1") == "call the son"
    other = CommentCipher(b"o" * 32)
    for reader, text, event in (
        (other, stored, "event-1"),
        (cipher, stored, "event-2"),
        (cipher, stored[:-1] + b"\x00", "event-1"),
        (cipher, b"", "event-1"),
    ):
        with pytest.raises(ValueError, match="not readable"):
            reader.decrypt(text, event)


@pytest.mark.parametrize(
    "text", ["", "not base64!", "Schlüssel", base64.b64encode(b"c" * 16).decode()]
)
def test_a_comment_key_that_is_not_32_bytes_in_base64_is_refused(text: str):
    with pytest.raises(JournalMisconfigured, match="32 bytes in base64"):
        CommentCipher.configured(text)
