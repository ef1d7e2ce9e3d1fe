"""Tokens are used once, whichever process sees them (Redis)."""

import time

import pytest
import redis

from cds_service.journal.errors import JournalMisconfigured, JournalUnavailable
from cds_service.journal.replays import KEPT_LONGER, RedisReplays, Replays
from tests.journal.servers import free_port

pytestmark = pytest.mark.conformance(203)


@pytest.fixture
def two(redis_url: str):
    pair = RedisReplays(redis_url), RedisReplays(redis_url)
    yield pair
    for each in pair:
        each.close()


def test_two_processes_refuse_each_others_tokens(two: tuple[Replays, Replays]):
    one, other = two
    soon = time.time() + 300
    assert one.first_use("https://ehr.example", "jti-1", soon)
    assert not other.first_use("https://ehr.example", "jti-1", soon)
    assert other.first_use("https://other.example", "jti-1", soon)
    assert other.first_use("https://ehr.example", "jti-2", soon)


def test_issuer_and_id_are_kept_apart(two: tuple[Replays, Replays]):
    one, _ = two
    assert one.first_use("ab", "c", time.time() + 60)
    assert one.first_use("a", "bc", time.time() + 60)


def test_a_token_is_remembered_until_some_minutes_after_it_expires(
    two: tuple[Replays, Replays], redis_url: str
):
    before = set(_keys(redis_url))
    expires = time.time() + 120
    two[0].first_use("iss", "remembered", expires)
    (key,) = set(_keys(redis_url)) - before
    with redis.Redis.from_url(redis_url) as client:
        left = client.ttl(key) - KEPT_LONGER
    assert expires - time.time() - 1 <= left <= 121
    assert b"iss" not in key.replace(b"imaging-advisor", b"")


def test_without_redis_nobody_can_tell():
    replays = RedisReplays(f"redis://127.0.0.1:{free_port()}/0")
    with pytest.raises(JournalUnavailable):
        replays.first_use("iss", "jti", time.time() + 60)
    replays.close()


def test_another_url_is_refused_without_naming_it():
    with pytest.raises(JournalMisconfigured) as caught:
        RedisReplays("https://user:pw@redis.example")
    assert "pw" not in str(caught.value)


def _keys(url: str) -> list[bytes]:
    with redis.Redis.from_url(url) as client:
        return list(client.scan_iter("imaging-advisor:*"))


def test_a_call_that_comes_again_at_another_process_may_use_its_token(two: tuple[Replays, Replays]):
    one, other = two
    soon = time.time() + 300
    assert one.first_use("iss", "repeated", soon, "call 1")
    assert other.first_use("iss", "repeated", soon, "call 1")
    assert not other.first_use("iss", "repeated", soon, "call 2")
    assert not other.first_use("iss", "repeated", soon)
    assert one.first_use("iss", "unnamed", soon)
    assert not other.first_use("iss", "unnamed", soon, "1")
