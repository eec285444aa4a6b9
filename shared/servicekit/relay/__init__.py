"""The relay: takes events from the outbox to the queue and, once confirmed, to the event log."""

from servicekit.relay.relay import Relay
from servicekit.relay.status import OutboxStatus, outbox_status

__all__ = ["OutboxStatus", "Relay", "outbox_status"]
