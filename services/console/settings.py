"""This service's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from environs import Env

from servicekit.settings import SettingsError

SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this service needs to know.

    ``secret`` signs the cookie that holds the token against forged forms. With ``secure_cookies`` cookies are kept to
    https; without, only those of a request that came by https are.
    """

    secret: str = field(repr=False)
    gateway_url: str = "http://gateway.invalid"
    secure_cookies: bool = False

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise SettingsError(f"CONSOLE_SECRET must have {SHORTEST_SECRET} characters or more, from a random source.")
        if not self.gateway_url.startswith(("http://", "https://")):
            raise SettingsError("GATEWAY_URL must be the gateway's address, such as http://gateway:8080.")

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``CONSOLE_SECRET``, ``GATEWAY_URL`` and ``CONSOLE_SECURE_COOKIES``. Raises SettingsError."""
        env = Env()
        return cls(
            secret=env.str("CONSOLE_SECRET", ""),
            gateway_url=env.str("GATEWAY_URL", ""),
            secure_cookies=env.bool("CONSOLE_SECURE_COOKIES", False),
        )
