"""The shipped content exported once, and a small content that a test may change."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cds_service.content.compile import compile_content
from cds_service.content.library import Content
from cds_service.content.load import Loaded, content_directory, load
from cds_service.export.bundle import bundle
from cds_service.export.namespace import DEFAULT_BASE
from tests.export.reader import Exported

SMALL_CONTENT = Path(__file__).parents[1] / "content" / "valid"


@pytest.fixture(scope="session")
def loaded() -> Loaded:
    return load(content_directory())


@pytest.fixture(scope="session")
def content(loaded: Loaded) -> Content:
    return compile_content(loaded.documents.values(), loaded.content_version)


@pytest.fixture(scope="session")
def exported(loaded: Loaded) -> Exported:
    return Exported(bundle(loaded, DEFAULT_BASE), DEFAULT_BASE)


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A copy of a small valid content, to be changed."""
    return shutil.copytree(SMALL_CONTENT, tmp_path / "cards")


@pytest.fixture
def export_small(small: Path) -> Callable[[], Exported]:
    """Export the small content as it is now."""
    return lambda: Exported(bundle(load(small), DEFAULT_BASE), DEFAULT_BASE)
