"""Ids of cards are random UUIDs of version 4."""

import os
from uuid import RFC_4122, UUID

import pytest

from cds_service.render.uuids import random_uuid


def test_an_id_is_a_uuid_of_version_4_in_its_usual_spelling() -> None:
    for _ in range(2000):
        written = random_uuid()
        read = UUID(written)
        assert (read.version, read.variant, str(read)) == (4, RFC_4122, written)


def test_no_two_ids_are_the_same() -> None:
    assert len({random_uuid() for _ in range(10_000)}) == 10_000


@pytest.mark.parametrize("chance", [bytes(16), b"\xff" * 16, bytes(range(100, 116)), b"\x5a" * 16])
def test_all_that_is_random_but_version_and_variant_stands_in_the_id(
    chance: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: chance[:count])
    assert random_uuid() == str(UUID(bytes=chance, version=4))
