"""What went wrong between us and a provider reached by HTTP: whether the request may have arrived."""

from __future__ import annotations

from datetime import timedelta


def never_sent(error: BaseException | None) -> bool:
    """Whether a failed request surely never reached the server: nobody was there to be connected to.

    For errors of the library ``requests``, which the providers' own libraries use, as they are or as a cause.
    """
    while error is not None:
        if type(error).__name__ in ("ConnectTimeout", "NewConnectionError", "NameResolutionError"):
            return True
        inner = error.args[0] if error.args else None
        reason = getattr(inner, "reason", None)
        if isinstance(reason, BaseException) and never_sent(reason):
            return True
        error = error.__cause__
    return False


def retry_after(header: str | None) -> timedelta | None:
    """The header ``Retry-After`` where it gives seconds (at most a day)."""
    if header and header.isascii() and header.isdigit():
        return timedelta(seconds=min(int(header[:6]), 86_400))
    return None
