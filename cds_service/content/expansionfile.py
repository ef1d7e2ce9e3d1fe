"""Writing a file of expansions: whole or not at all, and never in place of a fuller one."""

import json
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cds_service.content.expansions import Held, held, read_expansions
from cds_service.content.load import Loaded
from cds_service.content.model import Citation, DescendantGroup, Expansion, ValueSetExpansions

_MODE = 0o644


class NotWritten(Exception):  # noqa: N818 - it reads as what happened
    """Raised when a file of expansions was left as it was; the text says why, line by line."""


def text(document: ValueSetExpansions) -> str:
    """Return `document` as strict YAML, one line for each descendant."""
    return "\n".join(_lines(document)) + "\n"


def write(path: Path, document: ValueSetExpansions, loaded: Loaded, allow_shrink: bool) -> str:
    """Write `document` to `path` and return how it differs from what was there.

    Raises:
        NotWritten: codes of the file that is there would be lost and `allow_shrink` is false, the
            file there is no file of expansions, or the new one would not be accepted.
        OSError: the directory cannot be written.
    """
    old = _old(path, loaded)
    before, after = set(held(old)) if old else set(), set(held(document))
    lost = before - after
    differences = _differences(after - before, lost)
    if lost and not allow_shrink:
        raise NotWritten(f"{len(lost)} codes would be lost:\n{differences}")
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".yaml")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text(document))
            stream.flush()
            os.fsync(stream.fileno())
        _, issues = read_expansions(temporary, loaded, shown_as=path.name)
        if wrong := [str(each) for each in issues if each.severity == "error"]:
            raise NotWritten("\n".join(("the new file would not be accepted:", *wrong)))
        temporary.chmod(_MODE)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return differences


def _old(path: Path, loaded: Loaded) -> ValueSetExpansions | None:
    if not path.exists():
        return None
    document, issues = read_expansions(path, loaded)
    if document is None:
        said = "\n".join(map(str, issues))
        raise NotWritten(f"{path} is there and is no file of expansions:\n{said}")
    return document


def _differences(added: set[Held], lost: set[Held]) -> str:
    plus, minus = (Counter(each.value_set for each in some) for some in (added, lost))
    lines = [f"  {name}: +{plus[name]} -{minus[name]}" for name in sorted({*plus, *minus})]
    lines += [
        f"    lost from {each.value_set}: {each.code.system} {each.code.value}"
        for each in sorted(lost)
    ]
    return "\n".join(lines) or "  no code came or went"


def _lines(document: ValueSetExpansions) -> Iterator[str]:
    yield "# Made by 'imaging-advisor value-sets expand'. May hold licensed content: keep private."
    for key in ("kind", "id", "title", "status", "version", "effective"):
        yield f"{key}: {_quoted(getattr(document, key))}"
    yield "sources:"
    yield from (line for source in document.sources for line in _source(source))
    yield f"limits: {_quoted(document.limits)}"
    yield f"server: {_quoted(document.server)}"
    yield "code-systems:" if document.code_systems else "code-systems: []"
    for each in document.code_systems:
        yield f"  - {{system: {_quoted(each.system)}, version: {_quoted(each.version)}}}"
    yield "expansions:" if document.expansions else "expansions: []"
    yield from (line for each in document.expansions for line in _expansion(each))


def _source(source: Citation) -> Iterator[str]:
    yield f"  - id: {_quoted(source.id)}"
    for key in ("title", "url", "locator"):
        yield f"    {key}: {_quoted(getattr(source, key))}"


def _expansion(expansion: Expansion) -> Iterator[str]:
    yield f"  - value-set: {_quoted(expansion.value_set)}"
    yield f"    value-set-version: {_quoted(expansion.value_set_version)}"
    yield f"    excluded: [{', '.join(map(_quoted, expansion.excluded))}]"
    yield "    groups:" if expansion.groups else "    groups: []"
    yield from (line for group in expansion.groups for line in _group(group))


def _group(group: DescendantGroup) -> Iterator[str]:
    yield f"      - system: {_quoted(group.system)}"
    yield f"        parent: {_quoted(group.parent)}"
    yield f"        role: {_quoted(group.role)}"
    yield "        descendants:"
    for each in group.descendants:
        yield f"          - {{code: {_quoted(each.code)}, label: {_quoted(each.label)}}}"


def _quoted(value: str) -> str:
    """Return `value` in double quotes: a JSON string is a YAML one too."""
    return json.dumps(value, ensure_ascii=False)
