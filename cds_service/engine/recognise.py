"""Which imaging procedure an order asks for."""

from dataclasses import dataclass

from cds_service.content.library import Content
from cds_service.content.model import Procedure
from cds_service.fhir.codes import Code
from cds_service.fhir.orders import DraftOrder


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was ordered: the procedure and what told us, or only that it is imaging, or nothing.

    `conflict` names the other procedures that further codes of the same order stand for.
    """

    procedure: Procedure | None
    imaging: bool
    told_by: str = ""
    conflict: tuple[str, ...] = ()


def recognise(order: DraftOrder, content: Content) -> Recognised:
    """Return what `order` asks for.

    Codes decide before text. Codes of one order may name a procedure more and less exactly; the
    exact one is taken. Codes that contradict each other leave the order unrecognised, because
    advice on the wrong procedure is worse than none.
    """
    named = {
        name: code
        for code in reversed(order.codes)
        if (name := content.procedure_by_code.get(code))
    }
    if named:
        exact = _most_exact([content.procedures[name] for name in reversed(named)])
        if len(exact) == 1:
            return Recognised(exact[0], True, _written(named[exact[0].id]))
        return Recognised(None, True, conflict=tuple(sorted(procedure.id for procedure in exact)))
    for text in order.texts:
        found = content.procedure_by_name.get(" ".join(text.casefold().split()))
        if found:
            return Recognised(content.procedures[found], True, "the order's text")
    return Recognised(None, any(code in content.imaging_categories for code in order.categories))


def _most_exact(procedures: list[Procedure]) -> list[Procedure]:
    """Leave out each procedure that another one of the list says more exactly."""
    return [
        procedure
        for procedure in procedures
        if not any(other.id in procedure.may_be for other in procedures)
    ]


def _written(code: Code) -> str:
    return f"{code.system or 'the code'} {code.value}"
