"""The table of a site's order codes: a CSV file with the columns system, code and procedure."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cds_service.content.issue import Issue
from cds_service.content.yaml_places import Place
from cds_service.site.model import OrderRow
from cds_service.site.problems import problem

COLUMNS = ("system", "code", "procedure")


class PlacedRow(NamedTuple):
    """A row, the file it is in, and where each of its columns starts there."""

    row: OrderRow
    path: str
    places: dict[str, Place]


def read_table(path: Path) -> tuple[list[PlacedRow], list[Issue]]:
    """Return the rows of the table at `path`, and what is wrong with it.

    Columns may stand in any order, and others beside them; fields are separated by commas or
    semicolons. A row without a procedure is left out, because an export of a whole catalogue holds
    much that is no imaging.

    Raises:
        OSError: the file cannot be opened.
    """
    raw = path.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = raw.count(b"\n", 0, wrong.start) + 1
        said, hint = "this is not UTF-8 text", "save the table as CSV UTF-8"
        return [], [problem(str(path), (line, 1), "SITE010", said, hint)]
    table = _Table(text, str(path))
    rows = list(table.rows())
    return rows, table.issues


class _Table:
    def __init__(self, text: str, path: str) -> None:
        self.path = path
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        self.lines = text.split("\n")
        first = self.lines[0]
        self.separator = ";" if first.count(";") > first.count(",") else ","
        self.reader = csv.reader(io.StringIO(text), delimiter=self.separator, strict=True)
        self.issues: list[Issue] = []

    def rows(self) -> Iterator[PlacedRow]:
        """Yield the usable rows and note what is wrong with the others."""
        header: dict[str, int] | None = None
        width = 0
        without: list[int] = []
        for line, fields in self._records():
            if header is None:
                names = [name.strip().lower() for name in fields]
                header = {name: names.index(name) for name in COLUMNS if name in names}
                width = len(names)
                if len(header) < len(COLUMNS):
                    self._no_header(header, line)
                    return
                if repeated := [name for name in COLUMNS if names.count(name) > 1]:
                    said = f"there are several columns {', '.join(repeated)}"
                    self._note((line, 1), said, "give the others another name")
                    return
            elif len(fields) != width:
                said = f"the row has {len(fields)} fields, the first line {width}"
                hint = "put quotes around a field that holds the separator"
                self._note((line, 1), said, hint)
            else:
                row = {name: fields[place].strip() for name, place in header.items()}
                places = {name: (line, self._column(line, at)) for name, at in header.items()}
                if not row["code"]:
                    self._note(places["code"], "the row has no code", "write it, or take it out")
                elif not row["procedure"]:
                    without.append(line)
                else:
                    yield PlacedRow(OrderRow(**row), self.path, places)
        if header is None and not self.issues:
            self._no_header({}, 1)
        if without:
            more = f", and so do {len(without) - 1} more" if without[1:] else ""
            said = f"the row names no procedure{more}"
            hint = "orders with these codes get no advice"
            self.issues.append(problem(self.path, (without[0], 1), "SITE014", said, hint))

    def _records(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each record that is not blank with the line it starts in."""
        start = 1
        try:
            for fields in self.reader:
                if any(field.strip() for field in fields):
                    yield start, fields
                start = self.reader.line_num + 1
        except csv.Error as wrong:
            self._note((start, 1), str(wrong), "check the quotes of this row")

    def _no_header(self, found: dict[str, int], line: int) -> None:
        missing = ", ".join(name for name in COLUMNS if name not in found)
        hint = f"the first line names the columns: {self.separator.join(COLUMNS)}"
        self._note((line, 1), f"there is no column {missing}", hint)

    def _note(self, place: Place, said: str, hint: str) -> None:
        self.issues.append(problem(self.path, place, "SITE010", said, hint))

    def _column(self, line: int, field: int) -> int:
        """Return where a field starts in its line; 1 where quotes make that unclear."""
        text = self.lines[line - 1]
        parts = text.split(self.separator)
        if '"' in text or field >= len(parts):
            return 1
        return sum(len(part) + 1 for part in parts[:field]) + 1
