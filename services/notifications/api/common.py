"""What the routes share."""

from __future__ import annotations

from typing import cast

from servicekit.web.context import kit
from services.notifications.settings import MailDefaults

READ = "notifications:read"
WRITE = "notifications:write"
MANAGE = "notifications:manage"
BOUNCES = "notifications:bounces"
PREFIX = "/v1/notifications"


def mail_defaults() -> MailDefaults:
    """What the operator has set for all mails."""
    return cast("MailDefaults", kit().extras["mail"])
