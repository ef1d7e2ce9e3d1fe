"""Parameters and the clinical findings that use them."""

from typing import Literal

import msgspec

from cds_service.content.model.base import Citation, Head, Part


class Parameter(Part, kw_only=True, frozen=True):
    """A number that clinical content uses, where it comes from, and what a site may change."""

    id: str
    title: str
    value: str
    unit: str = ""
    basis: Literal["published", "local-default"]
    source: Citation | None = None
    note: str = ""


class Parameters(Head, kw_only=True, frozen=True):
    """All thresholds and windows on one page."""

    parameters: tuple[Parameter, ...]


class Clause(Part, kw_only=True, frozen=True):
    """One way in which a record can show a finding.

    `asked_as` holds the codes of the observations whose answer is looked for, so that clients are
    asked for them. `look_back`, `lasting`, `above`, `age_at_least` and `age_below` name
    parameters. For a look-back, a record without a usable date is inconclusive, unless
    `undated_counts`; with `open_ended`, one that is over without a recorded end may have ended on
    any day since it began. An unconfirmed record is inconclusive, unless `unconfirmed_counts`
    because the suspicion itself is what matters. A clause that only `suggests` never makes the
    finding present: it raises a question.

    Measured values: `above` and `below` name thresholds; with `latest` only the values of the most
    recent day count, otherwise the worst one decides. Values of the value set an estimate is made
    from are converted by the estimate that `estimated_by` names. `severity` limits allergies to
    those whose worst recorded reaction is one of these. `gender` belongs to the age clauses.
    `same_study` looks for a study of the modality and body region of the procedure in question;
    `contradicting` for an order whose codes and text name different studies.
    """

    origin: tuple[str, ...] = msgspec.field(name="from")
    value_sets: tuple[str, ...] = ()
    asked_as: tuple[str, ...] = ()
    status: Literal["current", "ever"] = "current"
    look_back: str | None = None
    undated_counts: bool = False
    unconfirmed_counts: bool = False
    open_ended: bool = False
    lasting: str | None = None
    above: str | None = None
    below: str | None = None
    raised: bool = False
    latest: bool = False
    estimated_by: str | None = None
    severity: tuple[str, ...] = ()
    same_study: bool = False
    contradicting: bool = False
    mr_status: tuple[str, ...] = ()
    cancelled_by: str | None = None
    suggests: bool = False
    age_at_least: str | None = None
    age_below: str | None = None
    gender: tuple[str, ...] = ()


class Finding(Part, kw_only=True, frozen=True):
    """A named clinical fact: present, absent or unknown, with its evidence."""

    id: str
    title: str
    phrase: str
    category: Literal["red-flag", "urgent", "risk", "symptom", "context", "safety", "supporting"]
    evidence: tuple[Clause, ...]
    absence: Literal["from-sources", "needs-record", "never"] = "from-sources"
    source: str
    locator: str
    limits: str


class Findings(Head, kw_only=True, frozen=True):
    """A file of findings."""

    findings: tuple[Finding, ...]
