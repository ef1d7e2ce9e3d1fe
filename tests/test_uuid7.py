"""UUIDs that lie in a database's index in the order in which they were made."""

import time

from cds_service.uuid7 import uuid7


def test_a_uuid_says_its_version_its_variant_and_its_millisecond() -> None:
    before = time.time_ns() // 1_000_000
    made = uuid7()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert before <= made.int >> 80 <= after


def test_later_ones_sort_behind_earlier_ones() -> None:
    made = []
    for _ in range(5):
        made.append(str(uuid7()))
        time.sleep(0.003)
    assert made == sorted(made)


def test_all_are_different_and_74_bits_of_each_are_left_to_chance() -> None:
    made = [uuid7().int for _ in range(2000)]
    assert len(set(made)) == 2000
    ones = zeros = 0
    for each in made:
        ones |= each
        zeros |= ~each
    varied = ones & zeros & ((1 << 80) - 1)
    assert varied.bit_count() == 74
