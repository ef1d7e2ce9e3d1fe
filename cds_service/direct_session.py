"""An HTTP session that goes where it is told and nowhere else."""

import requests


class DirectSession(requests.Session):
    """A session that takes nothing from the environment and never redirects."""

    def __init__(self) -> None:
        """Start without proxies and credentials of the environment."""
        super().__init__()
        self.trust_env = False

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return nothing: to prepare a redirect, requests would read its body without a limit."""
