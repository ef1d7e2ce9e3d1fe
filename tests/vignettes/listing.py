"""The vignettes with what the oracle calls for, for review: python -m tests.vignettes.listing.

Words after the command narrow it to the vignettes in which they all stand. Nothing is written.
"""

import sys

from tests.vignettes.oracle import Card, Oracle
from tests.vignettes.vignette import Vignette, vignettes


def line(vignette: Vignette) -> str:
    """Return one vignette in words, with its cards, the most urgent first, and why."""
    cards = Oracle(vignette.row).cards()
    return f"{vignette}\n    " + ("\n    ".join(map(_card, cards)) or "no card")


def _card(card: Card) -> str:
    accept = f" -> {', '.join(card.accept)}" if card.accept else ""
    return f"{card.urgency} {card.kind}{accept} ({card.why})"


def main() -> None:
    """Print the vignettes that hold every word given."""
    words = [word.casefold() for word in sys.argv[1:]]
    for said in map(line, vignettes()):
        if all(word in said.casefold() for word in words):
            print(said)


if __name__ == "__main__":
    main()
