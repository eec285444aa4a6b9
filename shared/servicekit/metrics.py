"""What the relay and the consumers count, in the default registry of prometheus-client."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

EVENTS_PUBLISHED = Counter(
    "relay_events_published_total", "Messages sent to the queue, by what became of them.", ["outcome"]
)
EVENTS_SETTLED = Counter("relay_events_settled_total", "Events moved from the outbox to the event log.")
EVENTS_PLACED = Counter("relay_events_placed_total", "Events that got their position in the event log.")
RELAY_FAILURES = Counter("relay_failures_total", "Passes that failed: database or queue in trouble.")
RELAY_SHARDS = Gauge("relay_shards", "Shards this relay holds a lease of.")
OUTBOX_WAITING = Gauge("outbox_waiting", "Events in the outbox.")
OUTBOX_AGE = Gauge("outbox_oldest_seconds", "Age of the oldest event in the outbox.")
OUTBOX_UNROUTABLE = Gauge(
    "outbox_unroutable", "Events that no queue takes though the topology says that one does, and those behind them."
)

EVENTS_HANDLED = Counter("consumer_events_total", "Messages done, by consumer and result.", ["consumer", "result"])
CONSUMER_RETRIES = Counter("consumer_retries_total", "Batches tried again after a transient failure.", ["consumer"])
HANDLER_SECONDS = Histogram(
    "consumer_handler_seconds",
    "Time to handle a batch of one publisher's events, commit included.",
    ["consumer"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
PARKED_MESSAGES = Gauge("consumer_parked_messages", "Messages parked because they can't be handled.", ["consumer"])
