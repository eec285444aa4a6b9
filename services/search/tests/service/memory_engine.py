"""An engine in memory with any number of indices: for drawing many interleavings, not for finding anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.search.columns import Order
from services.search.engine.errors import EngineUnavailable
from services.search.engine.indices import IN_SERVICE, PAGE, Collection, collection_of, every_document
from services.search.engine.port import After, Indexed, IndexEntry, Outcome, Page, TransactionHit, WriteResult
from services.search.query.tree import Query, Word
from services.search.sides import owner_of
from services.search.text import NORMALIZER_VERSION

Key = tuple[str, str]


class MemoryEngine:
    """Keeps of each index what was written, by the rules of versions that the real ones keep to."""

    def __init__(self) -> None:
        self.contents: dict[str, dict[Key, Indexed]] = {}
        self.present = ""

    @property
    def indices(self) -> MemoryEngine:
        """Itself."""
        return self

    def ensure(self) -> None:
        if not self.present:
            self.present = self.next_name()
            self.create(self.present)

    def ping(self) -> None:
        """It is there."""

    def maintain(self) -> None:
        """Nothing to do."""

    def write(self, entries: Sequence[IndexEntry], targets: Sequence[str] = (IN_SERVICE,)) -> list[WriteResult]:
        return [self._write(entry, targets) for entry in entries]

    def _write(self, entry: IndexEntry, targets: Sequence[str]) -> WriteResult:
        worst = Outcome.WRITTEN
        for target in targets:
            index = self.contents.get(self.present if target == IN_SERVICE else target)
            if index is None:
                return WriteResult(entry.publisher_id, entry.id, entry.doc_version, Outcome.RETRY, "gone")
            key = entry.publisher_id, entry.id
            if key in index and index[key].doc_version > entry.doc_version:
                worst = Outcome.STALE
            else:
                index[key] = Indexed(
                    entry.id,
                    entry.doc_version,
                    entry.deleted,
                    entry.tokens(),
                    entry.keys,
                    entry.stored,
                    owner_of(entry),
                )
        return WriteResult(entry.publisher_id, entry.id, entry.doc_version, worst)

    def search(
        self,
        publisher_id: str,
        query: Query,
        *,
        limit: int,
        after: After | None = None,
        order: Order | None = None,
        exact_total: bool = False,
    ) -> Page:
        raise NotImplementedError

    def find_transactions(self, publisher_id: str, word: Word, *, limit: int) -> list[TransactionHit]:
        raise NotImplementedError

    def versions(self, publisher_id: str, ids: Iterable[str], targets: Sequence[str] = (IN_SERVICE,)) -> dict[str, int]:
        wanted, found = list(ids), dict[str, int]()
        for target in targets:
            for customer_id, document in self.read(target, publisher_id, wanted).items():
                found[customer_id] = max(found.get(customer_id, 0), document.doc_version)
        return found

    def count(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> int:
        return sum(not document.deleted for document in self.dump(publisher_id, of))

    def dump(self, publisher_id: str, of: Collection = Collection.CUSTOMERS) -> Iterator[Indexed]:
        return every_document(self, IN_SERVICE, publisher_id, of)

    def made_with(self) -> int | None:
        return NORMALIZER_VERSION

    def next_name(self) -> str:
        return f"{IN_SERVICE}-{1 + max((int(name.rpartition('-')[2]) for name in self.contents), default=0)}"

    def create(self, name: str) -> bool:
        new = name not in self.contents
        self.contents.setdefault(name, {})
        return new

    def in_service(self) -> list[str]:
        return [self.present]

    def promote(self, name: str, normalizer: int) -> None:  # noqa: ARG002
        self._index(name)
        self.present = name

    def drop(self, name: str) -> None:
        if name in (self.present, IN_SERVICE):
            raise ValueError(f"{name} is in service")
        self.contents.pop(name, None)

    def spare(self) -> list[str]:
        return [name for name in self.contents if name != self.present]

    def refresh(self, name: str = IN_SERVICE) -> None:
        self._index(name)

    def tidy(self, name: str) -> Iterator[int]:
        self._index(name)
        yield from ()

    def publishers(self, name: str) -> list[str]:
        return sorted({publisher_id for publisher_id, _ in self._index(name)})

    def page(
        self,
        name: str,
        publisher_id: str,
        *,
        of: Collection = Collection.CUSTOMERS,
        after: str = "",
        limit: int = PAGE,
    ) -> list[Indexed]:
        index = self._index(name)
        ids = sorted(each for publisher, each in index if publisher == publisher_id and collection_of(each) is of)
        return [index[publisher_id, customer_id] for customer_id in ids if customer_id > after][:limit]

    def read(self, name: str, publisher_id: str, ids: Iterable[str]) -> dict[str, Indexed]:
        index = self._index(name)
        return {wanted: index[publisher_id, wanted] for wanted in ids if (publisher_id, wanted) in index}

    def forget(self, name: str, publisher_id: str, versions: Mapping[str, int]) -> None:
        index = self._index(name)
        for customer_id, version in versions.items():
            found = index.get((publisher_id, customer_id))
            if found is not None and found.doc_version <= version:
                del index[publisher_id, customer_id]

    def _index(self, name: str) -> dict[Key, Indexed]:
        try:
            return self.contents[self.present if name == IN_SERVICE else name]
        except KeyError:
            raise EngineUnavailable(f"{name} is not there") from None
