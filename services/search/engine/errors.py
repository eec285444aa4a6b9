"""What can go wrong with a search engine."""

from __future__ import annotations


class EngineUnavailable(Exception):
    """The engine doesn't answer, or is overloaded: the same call may work later."""


class EngineRefused(Exception):
    """The engine understood and said no: the same call will never work. A bug, or an index of another version."""


class TooBroad(Exception):
    """So many match that the best could not be found in the time a search has; the engine is well."""


class MissingPublisher(ValueError):
    """Somebody tried to search or write without saying for which publisher."""

    def __init__(self) -> None:
        super().__init__("A search needs a publisher: without one it would cross from one to another.")
