"""Reading the list of CDS Clients, with every problem of the file named at its place."""

from collections.abc import Callable, Iterator
from typing import Any

from cds_service.clients.fetch import may_be_fetched
from cds_service.clients.jwk import ALGORITHMS, Key, KeyRefused, read_key
from cds_service.clients.model import Annotation, Client, Clients, OrderCode, same_base
from cds_service.clients.shape import KeyPath, Problem, problems_of_shape, shown
from cds_service.clients.token import PUBLIC_SANDBOX_ISSUER, PUBLIC_SANDBOX_KEY_ID
from cds_service.origins import LOOPBACK, origin_allowed, origin_of

_SANDBOX = (
    "this is the public CDS Hooks sandbox, whose private key is published, so that anyone can sign"
    " as it; for development only, write 'allow_public_sandbox: true' at the top of the file"
)
_TEXTS = ("id", "title", "issuer", "jwks_url", "subject", "audience", "dialect")
_LISTS = ("jku_allowed", "algorithms", "tenants", "fhir_servers", "origins", "disabled_cards")
_NUMBERS = ("ignore_trailing_slash", "require_typ", "token_lifetime", "leeway")
_AS_WRITTEN = (*_TEXTS, *_NUMBERS, "max_cards_per_order")


class ClientsRefused(ValueError):  # noqa: N818 - said of a file, not of a fault of ours
    """Raised when the list of clients has errors; `problems` are all, each ``place: message``."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


def read_clients(data: object, position: Callable[[KeyPath], str] = shown) -> Clients:
    """Return the clients in the decoded file `data`; `position` names the place of a key path.

    Raises:
        ClientsRefused: the file has errors.
    """
    problems = problems_of_shape(data) or list(_problems_of_meaning(data))
    if problems:
        raise ClientsRefused(
            list(dict.fromkeys(f"{position(path)}: {message}" for path, message in problems))
        )
    content: Any = data
    return Clients(
        tuple(_client(entry) for entry in content["clients"]),
        public_sandbox=content.get("allow_public_sandbox", False),
    )


def _client(entry: dict[str, Any]) -> Client:
    given: dict[str, Any] = {name: entry[name] for name in _AS_WRITTEN if name in entry}
    given |= {name: tuple(entry[name]) for name in _LISTS if name in entry}
    if "jwks" in entry:
        given["jwks"] = tuple(read_key(jwk) for jwk in entry["jwks"]["keys"])
    if "annotation" in entry:
        given["annotation"] = Annotation(**entry["annotation"])
    given["order_codes"] = {
        procedure: tuple(OrderCode(**code) for code in codes)
        for procedure, codes in entry.get("order_codes", {}).items()
    }
    return Client(**given)


def _problems_of_meaning(data: Any) -> Iterator[Problem]:
    """Yield what is wrong in a file that has the right shape."""
    entries = data["clients"]
    for name in ("id", "issuer"):
        seen: dict[str, int] = {}
        for number, entry in enumerate(entries):
            if entry[name] in seen:
                first = shown(("clients", seen[entry[name]]))
                said = f"{first} has the {name} {entry[name]!r} too"
                yield ("clients", number, name), f"{said}, and each client needs one of its own"
            seen.setdefault(entry[name], number)
    for number, entry in enumerate(entries):
        path: KeyPath = ("clients", number)
        yield from _problems_of_keys(path, entry)
        yield from _problems_of_addresses(path, entry)
        if not data.get("allow_public_sandbox", False):
            yield from _uses_of_the_sandbox(path, entry)
        if entry["id"] in ("local", "anonymous"):
            yield (*path, "id"), f"{entry['id']!r} stands for calls without a token"


def _problems_of_keys(path: KeyPath, entry: dict[str, Any]) -> Iterator[Problem]:
    if {"jwks", "jwks_url"} <= entry.keys():
        yield (*path, "jwks_url"), "give either 'jwks' or 'jwks_url', not both"
    if not {"jwks", "jwks_url", "jku_allowed"} & entry.keys():
        yield path, "the client has no keys: give 'jwks', 'jwks_url' or 'jku_allowed'"
    keys: list[Key] = []
    for number, jwk in enumerate(entry.get("jwks", {}).get("keys", ())):
        place: KeyPath = (*path, "jwks", "keys", number)
        try:
            key = read_key(jwk)
        except KeyRefused as problem:
            yield place, str(problem)
            continue
        if any(key.id == other.id and key.family == other.family for other in keys):
            yield place, f"another key of this client has the kid {key.id!r}"
        if not any(key.fits(name) for name in entry.get("algorithms", ALGORITHMS)):
            yield place, "no signature by the client's 'algorithms' can be checked with this key"
        keys.append(key)


def _problems_of_addresses(path: KeyPath, entry: dict[str, Any]) -> Iterator[Problem]:
    key_sets: list[tuple[KeyPath, str]] = [
        ((*path, "jku_allowed", number), url)
        for number, url in enumerate(entry.get("jku_allowed", ()))
    ]
    if "jwks_url" in entry:
        key_sets.append(((*path, "jwks_url"), entry["jwks_url"]))
    for place, url in key_sets:
        if not may_be_fetched(url):
            yield place, "key sets are fetched over https only"
    for number, url in enumerate(entry.get("fhir_servers", ())):
        place = (*path, "fhir_servers", number)
        if not same_base(url):
            yield place, "this is not a base URL; it has no query, no '..' and no user name"
        elif not may_be_fetched(url):
            yield place, "a FHIR server is read over https only: a token of the client goes there"
    for number, origin in enumerate(entry.get("origins", ())):
        if origin not in LOOPBACK and origin != origin_of(origin):
            said = "an origin is scheme, host and port in lower case, such as https://ehr.example"
            yield (*path, "origins", number), f"{said}, without a path or a slash at its end"


def _uses_of_the_sandbox(path: KeyPath, entry: dict[str, Any]) -> Iterator[Problem]:
    """Yield where the public sandbox is trusted: its issuer, its key, or where that is found."""
    sandbox = (PUBLIC_SANDBOX_ISSUER,)
    for name in ("issuer", "jwks_url"):
        if origin_allowed(entry.get(name, ""), sandbox):
            yield (*path, name), _SANDBOX
    for number, url in enumerate(entry.get("jku_allowed", ())):
        if origin_allowed(url, sandbox):
            yield (*path, "jku_allowed", number), _SANDBOX
    for number, jwk in enumerate(entry.get("jwks", {}).get("keys", ())):
        if jwk.get("kid") == PUBLIC_SANDBOX_KEY_ID:
            yield (*path, "jwks", "keys", number), _SANDBOX
