"""The orders of one call taken together: whether they ask for what a rule would ask for."""

from collections.abc import Iterable, Iterator

from cds_service.content.library import Content
from cds_service.content.model import Procedure, Selector
from cds_service.engine.recognise import recognise
from cds_service.fhir.orders import DraftOrder


class Together:
    """The orders of one call, recognised once and only when a rule asks: most calls have none."""

    def __init__(self, orders: tuple[DraftOrder, ...], content: Content) -> None:
        """Keep the draft orders of the call, those that nobody asks advice on among them."""
        self._orders = orders
        self._content = content
        self._studies: dict[str, Procedure] | None = None

    def ask_for(
        self, alternatives: Iterable[Iterable[Selector]], ordered: Procedure | None
    ) -> bool:
        """Say whether for each selector of one of `alternatives` a study is ordered.

        `ordered` is what the order in question asks for, if that is clear. An order that
        contradicts itself counts for nothing, and neither does one that is closed.
        """
        return any(
            all(
                any(selector.matches(study) for study in self._and(ordered))
                for selector in alternative
            )
            for alternative in alternatives
        )

    def _and(self, ordered: Procedure | None) -> Iterator[Procedure]:
        if self._studies is None:
            found = [recognise(order, self._content) for order in self._orders if order.open]
            self._studies = {each.procedure.id: each.procedure for each in found if each.procedure}
        yield from self._studies.values()
        if ordered is not None:
            yield ordered
