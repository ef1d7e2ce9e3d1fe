"""A fault of ours in the orders for some studies, so that only these get no advice."""

import pytest

from cds_service.engine.decision import Decision
from cds_service.engine.policy import Policy


def fail_for(monkeypatch: pytest.MonkeyPatch, study: str) -> None:
    """Let every order for a procedure whose id holds `study` fail while it is decided."""
    consider = Decision.consider

    def faulty(decision: Decision, policy: Policy) -> None:
        ordered = decision.recognised.procedure
        if ordered is not None and study in ordered.id:
            raise ZeroDivisionError
        consider(decision, policy)

    monkeypatch.setattr(Decision, "consider", faulty)
