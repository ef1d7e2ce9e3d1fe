"""Takes the picture of the insights from the real page, on the synthetic journal.

python -m tests.browser.insights_picture docs/pictures/insights.png
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.conftest import FLAGS, ROOT, Running, environment

_LAST = "2026-11-25"
_QUERY = f"from=2026-08-31&to={_LAST}&step=week"


def take(picture: Path) -> None:
    """Write `picture`, of the top of the page."""
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "synthetic.sqlite3"
        seed = ("insights", "seed", "--into", str(file), "--until", _LAST, "--calls", "6000")
        subprocess.run(
            [sys.executable, "-m", "cds_service.cli", *seed],
            env=environment(),
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=ROOT,
        )
        running = Running(Path(directory), CDS_JOURNAL_URL=f"sqlite:///{file}")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=list(FLAGS)
                )
                page = browser.new_page(viewport={"width": 1200, "height": 1180})
                page.goto(f"{running.url}/insights?{_QUERY}")
                page.wait_for_selector("html[data-charts]")
                page.screenshot(path=picture)
                browser.close()
        finally:
            running.stop()


if __name__ == "__main__":
    take(Path(sys.argv[1]))
