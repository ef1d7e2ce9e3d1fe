"""A fault of ours in the orders for some studies, so that only these get no advice."""

import pytest

from cds_service.engine.decide import _Case
from cds_service.engine.policy import Policy


def fail_for(monkeypatch: pytest.MonkeyPatch, study: str) -> None:
    """Let every order for a procedure whose id holds `study` fail while it is decided."""
    consider = _Case.consider

    def faulty(case: _Case, policy: Policy) -> None:
        ordered = case.recognised.procedure
        if ordered is not None and study in ordered.id:
            raise ZeroDivisionError
        consider(case, policy)

    monkeypatch.setattr(_Case, "consider", faulty)
