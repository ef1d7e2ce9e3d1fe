"""What the journal raises: only that it cannot be used just now, or was set up wrongly."""


class JournalUnavailable(Exception):  # noqa: N818 - it reads as what happened
    """Raised when the journal's database cannot be used now.

    `retry_after` says in how many seconds it is worth trying again. The text names neither the
    database's address nor what was to be stored.
    """

    def __init__(self, reason: str, retry_after: int = 5) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after = retry_after


class JournalMisconfigured(ValueError):  # noqa: N818 - it reads as what happened
    """Raised when a setting of the journal cannot be used; the text does not quote a key."""


class NewerTables(Exception):  # noqa: N818 - it reads as what is the case
    """Raised when the tables of the journal were made by a newer version of the service."""
