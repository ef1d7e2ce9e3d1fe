"""The pictures of the documentation, taken of the real page: make pictures."""

import base64
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import FLAGS, ROOT, Running
from tests.browser.order_page import OrderPage

PICTURES = ROOT / "docs" / "pictures"
MRI = "MRI lumbar spine without IV contrast"
_QUALITY = 82


class Picture(NamedTuple):
    """A window of `width` by `height` pixels, after `walk` on the page of `patient`."""

    name: str
    patient: str
    width: int
    height: int
    scheme: str
    walk: Callable[[OrderPage], None]


def hold(page: OrderPage) -> None:
    """Order an MRI for a patient with a pacemaker; the first answer of a service is its slowest."""
    page.try_order(MRI)
    page.try_order(MRI)
    page.page.wait_for_selector("#why .trace")


def at_the_cards(page: OrderPage) -> None:
    """The same, at the cards."""
    hold(page)
    page.advice.evaluate("each => each.scrollIntoView()")


def search(page: OrderPage) -> None:
    """Type the beginnings of words."""
    field = page.page.get_by_label("Study", exact=True)
    field.fill("mri l")
    field.press("ArrowDown")


def why(page: OrderPage) -> None:
    """Look at how the advice came about."""
    hold(page)
    page.page.locator("#wire-heading").evaluate("each => each.scrollIntoView()")


def request(page: OrderPage) -> None:
    """Look at the request."""
    hold(page)
    page.tab("Request")
    page.page.locator("#wire-heading").evaluate("each => each.scrollIntoView()")


PICTURES_TO_TAKE = (
    Picture("order-entry", "pacemaker", 1360, 1180, "light", hold),
    Picture("narrow", "pacemaker", 400, 1160, "dark", at_the_cards),
    Picture("search", "fever", 1024, 640, "light", search),
    Picture("why", "pacemaker", 1360, 900, "light", why),
    Picture("request", "pacemaker", 1024, 560, "dark", request),
)


def take(browser: Browser, url: str, picture: Picture) -> Path:
    """Take one picture; return its file."""
    context = browser.new_context(
        viewport={"width": picture.width, "height": picture.height},
        color_scheme=picture.scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(f"{url}/demo?patient={picture.patient}")
    picture.walk(OrderPage(page))
    page.wait_for_timeout(200)
    path = PICTURES / f"{picture.name}.webp"
    path.write_bytes(_shot(page))
    context.close()
    return path


def _shot(page: Page) -> bytes:
    session: Any = page.context.new_cdp_session(page)
    shot = session.send("Page.captureScreenshot", {"format": "webp", "quality": _QUALITY})
    return base64.b64decode(shot["data"])


def main() -> int:
    """Take all pictures and print their sizes; return 0."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as journal, sync_playwright() as playwright:
        service = Running(Path(journal), "--demo")
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(FLAGS))
        try:
            for picture in PICTURES_TO_TAKE:
                path = take(browser, service.url, picture)
                print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
        finally:
            browser.close()
            service.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
