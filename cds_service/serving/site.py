"""What a worker answers with: content, policy and clients, read together and replaced together."""

from collections.abc import Callable
from dataclasses import dataclass

from cds_service.advisor import Advisor
from cds_service.clients.model import Clients


@dataclass(frozen=True, slots=True)
class Site:
    """An advisor with its content, the clients it answers, and the fingerprint of both.

    The fingerprint starts with the content version and a blank, and differs wherever the content,
    the site file or the clients file differ.
    """

    advisor: Advisor
    clients: Clients
    fingerprint: str


class SiteRefused(Exception):  # noqa: N818 - it reads as what happened
    """Raised when what is there now cannot be used; `problems` are all there is to say."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


ReadSite = Callable[[], Site]
"""Reads what is there now, or raises `SiteRefused`."""
