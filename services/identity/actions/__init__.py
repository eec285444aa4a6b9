"""Writes: one function a verb."""

from services.identity.actions.api_keys import create_api_key, revoke_api_key
from services.identity.actions.managing import begin_managing
from services.identity.actions.passwords import issue_temporary_password
from services.identity.actions.preferences import set_preferences
from services.identity.actions.publishers import create_publisher
from services.identity.actions.sessions import begin_session, end_own_session, end_session, end_sessions, record_use
from services.identity.actions.settings import edit_publisher
from services.identity.actions.staff import add_staff, edit_staff, reset_password, transfer_ownership

__all__ = [
    "add_staff",
    "begin_managing",
    "begin_session",
    "create_api_key",
    "create_publisher",
    "edit_publisher",
    "edit_staff",
    "end_own_session",
    "end_session",
    "end_sessions",
    "issue_temporary_password",
    "record_use",
    "reset_password",
    "revoke_api_key",
    "set_preferences",
    "transfer_ownership",
]
