"""The people who may see the insights: a file of names with hashes of their passwords.

One line a person, ``name:hash``; blank lines and lines that begin with # are passed over. The hash
is scrypt's (RFC 7914) as Werkzeug writes it; ``imaging-advisor insights password`` makes one.
"""

import re
from pathlib import Path

from werkzeug.security import check_password_hash, generate_password_hash

from cds_service.settings import SettingsError, variable

LEAST_PASSWORD = 12
"""Least characters of a new password (NIST SP 800-63B asks for 8 at least, 15 without a second
factor is advised)."""

_LINE = re.compile(
    r"([A-Za-z0-9._@-]{1,64}):(scrypt:\d{4,8}:\d{1,2}:\d{1,2}\$[^$\s]{8,}\$[0-9a-f]{128})"
)
_NOBODY = (
    "scrypt:32768:8:1$Zdh4qCPqmXV9CnHG$"
    "829e756511d732cccf49346166c3ead1c54184ebd87fc81cfc2ca01b66998793"
    "ea9354c77df83fa7c1d00942f97e7e06056df510c5b7db3a8bac5e43753ea987"
)
"""What the password of an unknown name is compared with, so that it takes as long.

Hash of a random password that nobody kept; written out, because to make one takes every start a
tenth of a second."""


def new_line(name: str, password: str) -> str:
    """Return the line of the file for a person.

    Raises:
        ValueError: the name cannot be used, or the password is too short.
    """
    if len(password) < LEAST_PASSWORD:
        raise ValueError(f"A password must have at least {LEAST_PASSWORD} characters.")
    line = f"{name}:{generate_password_hash(password, method='scrypt')}"
    if not _LINE.fullmatch(line):
        raise ValueError("A name must be 1 to 64 letters, digits and . _ @ - only.")
    return line


def read_users(path: Path) -> dict[str, str]:
    """Return the hash of each name in the file `path`.

    Raises:
        SettingsError: the file cannot be read or used; no line of it is quoted.
    """
    named = f"{variable('insights_users_file')} names the file {path}"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not text"
        raise SettingsError(f"{named}, which cannot be read ({why}).") from None
    users: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if not match or match[1] in users:
            why = "a name twice" if match else "no 'name:hash' as the command writes it"
            raise SettingsError(f"{named}, whose line {number} holds {why}.")
        users[match[1]] = match[2]
    if not users:
        raise SettingsError(f"{named}, in which there is nobody.")
    return users


def is_password(users: dict[str, str], name: str, password: str) -> bool:
    """Say whether `password` is that of `name`; it takes as long for a name that is unknown."""
    right = check_password_hash(users.get(name, _NOBODY), password)
    return right and name in users
