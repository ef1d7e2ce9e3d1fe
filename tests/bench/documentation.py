"""The figures in docs/performance.md: each measurement writes the part between its marks."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"


def between(name: str) -> tuple[str, str]:
    """Return the marks of the part `name`."""
    return f"<!-- {name}:begin -->", f"<!-- {name}:end -->"


def filled(page: str, name: str, text: str) -> str:
    """Return `page` with `text` as its part `name`.

    Raises:
        ValueError: the page has no such part, or several.
    """
    begin, end = between(name)
    pattern = re.compile(f"{re.escape(begin)}\n.*?{re.escape(end)}", re.DOTALL)
    if len(pattern.findall(page)) != 1:
        raise ValueError(f"the page needs one part between {begin} and {end}")
    return pattern.sub(lambda _: f"{begin}\n\n{text.strip()}\n\n{end}", page)


def write(name: str, text: str) -> None:
    """Put `text` into the documentation as the part `name`."""
    PAGE.write_text(filled(PAGE.read_text(encoding="utf-8"), name, text), encoding="utf-8")
