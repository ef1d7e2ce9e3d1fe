"""Estimates: values that are calculated where a laboratory did not report them."""

from cds_service.content.model.base import Head, Part


class SexTerms(Part, kw_only=True, frozen=True):
    """The terms of a creatinine equation that differ by sex."""

    kappa: str
    alpha: str
    factor: str


class Estimate(Part, kw_only=True, frozen=True):
    """An equation of the CKD-EPI form with its coefficients.

    ``scale x min(S/kappa, 1)^alpha x max(S/kappa, 1)^exponent-above x age-factor^age x factor``,
    where S is the value of `made_from` in `unit_read`. It gives a value in `unit_given`, for
    patients of at least the age the parameter `age_at_least` names.
    """

    id: str
    title: str
    made_from: str
    unit_read: str
    unit_given: str
    age_at_least: str
    scale: str
    exponent_above: str
    age_factor: str
    female: SexTerms
    male: SexTerms
    source: str
    locator: str
    limits: str


class Estimates(Head, kw_only=True, frozen=True):
    """A file of estimates."""

    estimates: tuple[Estimate, ...]
