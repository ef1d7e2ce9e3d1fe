"""The texts of one call: each searched once, and no more of them than a call has time for.

Searching a text takes far longer than looking up a code, so that a body full of prose would hold a
worker up. What is left unread is told: it is never taken for a no.
"""

from cds_service.content.library import Content
from cds_service.text.mentions import Mention
from cds_service.text.tokens import LONGEST_TEXT

MOST_TEXT = 400_000
"""Characters of different texts that are searched for one call: 5,000 texts of a long line each."""


class Prose:
    """Searches the texts of one call; `cut` says whether something was not read since it was set.

    What was read while `cut` is true must not be remembered for other calls.
    """

    __slots__ = ("_index", "_known", "_left", "cut")

    def __init__(self, content: Content) -> None:
        """Search with the phrases of `content`; nothing is read yet."""
        self._index = content.text
        self._known: dict[str, tuple[Mention, ...]] = {}
        self._left = MOST_TEXT
        self.cut = False

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Return what `text` mentions; of one that is too long what its beginning does.

        A new text for which nothing is left mentions nothing.
        """
        known = self._known.get(text)
        if known is None:
            read = min(len(text), LONGEST_TEXT)
            if read > self._left:
                self.cut = True
                return ()
            self._left -= read
            known = self._known[text] = self._index.mentions(text)
        if len(text) > LONGEST_TEXT:
            self.cut = True
        return known
