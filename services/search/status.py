"""How the index is: how far behind, what is refused, and whether this version of the code made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from servicekit.clock import rfc3339
from servicekit.db.database import Database
from servicekit.parking import list_parked
from services.search import dirty, rebuild_state
from services.search.engine.errors import EngineRefused, EngineUnavailable
from services.search.engine.port import Engine
from services.search.handlers import QUEUE
from services.search.rebuild_state import Rebuild
from services.search.text import NORMALIZER_VERSION

_NAMED = 20


@dataclass(frozen=True, slots=True)
class MadeWith:
    """The version of the normalizer that the index in service was made with; None: it doesn't say."""

    version: int | None
    needed: int = NORMALIZER_VERSION

    @property
    def outdated(self) -> bool:
        """Whether searches look for other words than the index has."""
        return self.version != self.needed

    def __str__(self) -> str:
        made = "a version before there were numbers" if self.version is None else f"version {self.version}"
        how = f"the index was made with {made} of the normalizer, this code looks up what version {self.needed} makes"
        return f"{how}: some customers aren't found" if self.outdated else f"the index is of version {self.version}"


def made_with(engine: Engine) -> MadeWith:
    """What the index in service was made with. Raises EngineUnavailable, EngineRefused."""
    return MadeWith(engine.indices.made_with())


def document(system: Database, engine: Engine) -> dict[str, Any]:
    """All of it, as one JSON object. ``system`` acts as the role ``system``."""
    with system.transaction() as session:
        figures, refused = dirty.figures(session), dirty.refused(session, limit=_NAMED)
        parked = list_parked(session, QUEUE)
        rebuild = rebuild_state.look(session)
    return {
        "waiting": figures.entries,
        "oldest_seconds": round(figures.oldest_seconds, 1),
        "refused": figures.refused,
        "first_refused": [
            {"publisher_id": publisher_id, "customer_id": customer_id, "reason": reason}
            for publisher_id, customer_id, reason in refused
        ],
        "parked": len(parked),
        "first_parked": [
            {"id": message.id, "type": message.type, "subject": message.subject, "reason": message.reason}
            for message in parked[:_NAMED]
        ],
        "index": _index(engine, rebuild),
        "rebuild": None if rebuild is None else _rebuild(rebuild),
    }


def _index(engine: Engine, rebuild: Rebuild | None) -> dict[str, Any]:
    try:
        made, indices = made_with(engine), engine.indices
        in_service, spare = indices.in_service(), indices.spare()
    except (EngineUnavailable, EngineRefused) as error:
        return {"unavailable": str(error)}
    target = None if rebuild is None else rebuild.target
    return {
        "in_service": in_service,
        "kept": [name for name in spare if name != target],
        "made_with": made.version,
        "needed": made.needed,
        "outdated": made.outdated,
        "remedy": f"{made}. Run rebuild." if made.outdated else None,
    }


def _rebuild(present: Rebuild) -> dict[str, Any]:
    return {
        "step": present.step,
        "target": present.target,
        "written": present.written,
        "started_at": rfc3339(present.started_at),
        "running": present.held,
        "remedy": None
        if present.held
        else "It was interrupted. Run rebuild again to go on; rebuild --abort gives it up.",
    }
