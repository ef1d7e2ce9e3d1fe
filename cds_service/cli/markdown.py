"""Markdown tables that any text can stand in."""

import html
import re
from collections.abc import Iterable, Iterator, Sequence

_SIGNS = re.compile(r"([\\|<>\[\]*`])")


def escaped(text: str) -> str:
    """Return `text` on one line, with no sign in it that Markdown would read."""
    return _SIGNS.sub(r"\\\1", " ".join(text.split()))


def code(name: str) -> str:
    """Return `name` in the type of code, or nothing for an empty name."""
    return f"`{name}`" if name else ""


def link(text: str, url: str) -> str:
    """Return a link to `url`, whatever signs it holds."""
    return f"[{escaped(text)}](<{url.replace('|', '%7C').replace('>', '%3E')}>)"


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table of Markdown cells; columns of numbers stand to the right."""
    body = [tuple(row) for row in rows]
    yield f"| {' | '.join(heads)} |"
    columns = zip(*body, strict=True) if body else ((),) * len(heads)
    right = [any(isinstance(each, int) for each in column) for column in columns]
    yield f"|{'|'.join('---:' if each else '---' for each in right)}|"
    yield from (f"| {' | '.join(map(str, row))} |".replace("  ", " ") for row in body)


def folded(title: str, lines: Iterable[str]) -> Iterator[str]:
    """Yield `lines` under a title that opens them."""
    yield from (
        "<details>",
        f"<summary>{html.escape(title, quote=False)}</summary>",
        "",
        *lines,
        "",
        "</details>",
    )
