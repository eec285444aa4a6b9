"""This service's settings, read once from the environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from environs import Env

from servicekit.settings import SettingsError

SHORTEST_SECRET = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this service needs to know.

    ``gateway_url`` is where the API is, ``identity_url`` where sign-ins are sent with the address they came from.
    ``secret`` signs the cookie that holds the token against forged forms. With ``secure_cookies`` cookies are kept to
    https; without, only those of a request that came by https are.
    """

    secret: str = field(repr=False)
    gateway_url: str = "http://gateway.invalid"
    identity_url: str = "http://identity.invalid"
    secure_cookies: bool = False

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise SettingsError(f"CONSOLE_SECRET must have {SHORTEST_SECRET} characters or more, from a random source.")
        for name, url in (("GATEWAY_URL", self.gateway_url), ("IDENTITY_URL", self.identity_url)):
            if not url.startswith(("http://", "https://")):
                raise SettingsError(f"{name} must be an address such as http://gateway:8080.")

    @classmethod
    def from_env(cls) -> Settings:
        """Read ``CONSOLE_SECRET``, ``GATEWAY_URL``, ``IDENTITY_URL`` and ``CONSOLE_SECURE_COOKIES``.

        Raises SettingsError.
        """
        env = Env()
        return cls(
            secret=env.str("CONSOLE_SECRET", ""),
            gateway_url=env.str("GATEWAY_URL", ""),
            identity_url=env.str("IDENTITY_URL", ""),
            secure_cookies=env.bool("CONSOLE_SECURE_COOKIES", False),
        )
