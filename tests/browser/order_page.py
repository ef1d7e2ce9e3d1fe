"""The order-entry page in the words of who uses it."""

import time
from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

_LONGEST = 60


def comes_about(page: Page, condition: Callable[[], object]) -> bool:
    """Say whether `condition` comes to hold; its policy keeps the page from waiting by a script."""
    deadline = time.monotonic() + _LONGEST
    while not condition():
        if time.monotonic() > deadline:
            return False
        page.wait_for_timeout(20)
    return True


def says_for_a_moment(button: Locator) -> Callable[[str], bool]:
    """Return what says whether the button comes to say a text, though it may be gone again."""
    button.evaluate(
        "each => { each.said = []; new MutationObserver(() => each.said.push(each.textContent))"
        ".observe(each, {childList: true, characterData: true, subtree: true}); }"
    )
    return lambda text: comes_about(
        button.page, lambda: text in button.evaluate("each => each.said")
    )


class OrderPage:
    """What a clinician does on the page, by the names that a screen reader says."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.advice = page.locator("#advice")
        expect(page.locator("#patient-facts")).not_to_be_empty()

    def answered(self) -> None:
        """Wait until no answer is awaited, and nothing is being written."""
        expect(self.page.locator("#chart-panel")).not_to_have_attribute("aria-busy", "true")
        expect(self.advice).to_have_attribute("aria-busy", "false")

    def open_patient(self, patient: str) -> None:
        """Choose a patient, the one whose chart is open too, and wait until the chart is there."""
        self.page.get_by_label("Patient", exact=True).select_option(patient)
        expect(self.page.locator("#patient-state .busy")).to_have_count(0)

    def choose_study(self, typed: str, title: str) -> None:
        self.page.get_by_label("Study", exact=True).fill(typed)
        self.page.get_by_role("option", name=title, exact=True).click()
        self.answered()

    def choose_reason(self, typed: str, said: str) -> None:
        field = self.page.get_by_label("Reason", exact=True)
        field.fill(typed)
        self.page.get_by_role("option", name=said).first.click()
        self.answered()

    def try_order(self, title: str) -> None:
        self.page.locator("#tries").get_by_role("button", name=title, exact=True).click()
        self.answered()

    def cards(self) -> list[str]:
        """Return the ids of the cards that are shown."""
        self.answered()
        found = self.page.locator("#cards .card")
        return [each.get_attribute("data-card") or "" for each in found.all()]

    def card(self, name: str) -> Locator:
        return self.page.locator(f'#cards .card[data-card="{name}"]')

    def accept(self, label: str) -> None:
        self.advice.get_by_role("button", name=label, exact=True).click()
        expect(self.page.locator("#done")).to_contain_text(f"{label}: done.")
        expect(self.page.locator("#done")).not_to_contain_text("Sending")
        self.answered()

    @property
    def study(self) -> str:
        return self.page.get_by_label("Study", exact=True).input_value()

    @property
    def state(self) -> str:
        return self.page.locator("#advice-state").inner_text()

    def tab(self, name: str) -> None:
        self.page.get_by_role("tab", name=name, exact=True).click()

    def add(self, kind: str, **fields: str) -> None:
        """Add a record to the chart; `fields` are the form's labels."""
        section = self.page.locator("#add-record-section")
        if section.get_attribute("open") is None:
            section.locator("summary").click()
        self.page.get_by_label("What kind").select_option(label=kind)
        for name, value in fields.items():
            label = {"what": "What, coded", "value": "Value", "mr": "MR safety"}[name]
            field = section.get_by_label(label)
            if name == "mr":
                field.select_option(label=value)
            else:
                field.fill(value)
            if name == "what":
                field.press("Escape")  # keeps what was typed
        section.get_by_role("button", name="Add", exact=True).click()
        self.answered()
