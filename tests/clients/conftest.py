import pytest

from tests.clients.tokens import Pair, ec_pair, rsa_pair


@pytest.fixture(scope="session")
def pair() -> Pair:
    return ec_pair("key-1")


@pytest.fixture(scope="session")
def rsa() -> Pair:
    return rsa_pair("rsa-1")
