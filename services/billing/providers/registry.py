"""Which provider serves whom."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from servicekit.db.database import Database
from services.billing.providers.accounts import Account, read_accounts
from services.billing.providers.port import Provider
from services.billing.providers.sandbox import Sandbox
from services.billing.providers.sandbox_table import TableStore
from services.billing.providers.stores import Unconfigured

# Imported when an account needs it: the providers' libraries are large, and most processes use none.
_MAKERS = {
    "stripe": "services.billing.providers.stripe",
    "apple": "services.billing.providers.apple",
    "google": "services.billing.providers.google",
}
SANDBOX = "sandbox"


class AccountNotFound(Exception):
    """No account at a provider has this name, or there are several and none was named."""


class Providers:
    """Every publisher's providers. The sandbox is there for all of them unless it is turned off.

    ``database`` is billing's own, as the role ``app``: the sandbox remembers there.
    """

    def __init__(self, database: Database, accounts: Sequence[Account] = (), *, sandbox: bool = True) -> None:
        self._database = database
        self._sandbox = sandbox
        self._accounts = tuple(accounts)
        self._made: Mapping[tuple[str, str], Provider] = {
            (account.publisher_id, account.provider): _make(account)
            for account in accounts
            if account.provider != SANDBOX
        }
        self._secrets = {
            account.publisher_id: account.text("secret") for account in accounts if account.provider == SANDBOX
        }

    @classmethod
    def from_file(cls, path: str, database: Database, *, sandbox: bool = True) -> Providers:
        """The providers of the accounts in a file (none if the path is empty). Raises SettingsError."""
        return cls(database, read_accounts(Path(path)) if path else (), sandbox=sandbox)

    def of(self, publisher_id: str, name: str) -> Provider:
        """A publisher's provider of this name; one that isn't set up refuses everything, and says why."""
        if name == SANDBOX and self._sandbox:
            store = TableStore(self._database, publisher_id)
            return Sandbox(store, secret=self._secrets.get(publisher_id))
        return self._made.get((publisher_id, name)) or Unconfigured(name)

    def charging(self, publisher_id: str) -> tuple[str, ...]:
        """The names of a publisher's providers that take payment methods; the first is the usual one."""
        names = [name for owner, name in self._made if owner == publisher_id]
        names += [SANDBOX] if self._sandbox else []
        return tuple(name for name in names if self.of(publisher_id, name).capabilities.charge)

    def account(self, provider: str, name: str | None) -> Account:
        """The account that a notification is for. Raises AccountNotFound.

        Without a name it is the provider's only one.
        """
        found = [one for one in self._accounts if one.provider == provider and name in (None, one.name)]
        if len(found) != 1 or (provider == SANDBOX and not self._sandbox):
            raise AccountNotFound
        return found[0]


def _make(account: Account) -> Provider:
    module = importlib.import_module(_MAKERS[account.provider])
    make: Callable[[Account], Provider] = module.of_account
    return make(account)
