"""What axe finds on a page (WCAG 2.2 A and AA, and good practice)."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_GRAVE = ("serious", "critical")


def grave_issues(page: Page) -> list[str]:
    """Return the serious and critical issues, each with the elements that have it."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in _GRAVE
    ]


def issues(page: Page) -> list[str]:
    """Return all issues, each with its weight."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']} ({each['impact']}): {each['help']}" for each in found]
