"""A tiny valid content directory, and ways to break a copy of it."""

import shutil
from pathlib import Path

import pytest

from cds_service.content.check import check
from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import load

HERE = Path(__file__).parent


class Copy:
    """A copy of the valid content that a test may change."""

    def __init__(self, directory):
        self.directory = directory

    def edit(self, file, replace, by):
        path = self.directory / file
        text = path.read_text(encoding="utf-8")
        assert text.count(replace) == 1, f"{replace!r} is {text.count(replace)} times in {file}"
        path.write_text(text.replace(replace, by), encoding="utf-8")

    def write(self, file, text):
        path = self.directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def load(self):
        return load(self.directory)

    def reports(self):
        return [str(issue) for issue in check(self.load())]


@pytest.fixture
def content(tmp_path):
    directory = tmp_path / "cards"
    shutil.copytree(HERE / "valid", directory)
    return Copy(directory)


@pytest.fixture(scope="session")
def shipped(loaded) -> Content:
    """Return the shipped content, compiled; `content` here is the tiny one."""
    return compile_content(loaded.documents.values(), loaded.content_version)
