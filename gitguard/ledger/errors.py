"""What can be wrong with a ledger."""


class LedgerError(Exception):
    """Something of a ledger can't be used; `where` names the file or the entry, the message says what is wrong with it."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where
        self.what = message
