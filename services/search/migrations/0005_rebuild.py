"""What a rebuild of the index needs: the indices that writes go to, how far it is, and what an index was made with."""

from alembic import op

from servicekit.db.roles import share
from services.search.engine import postgres_tables

revision = "0005"
down_revision = "0004"

# ``index_target`` stays for indexers of the version before: they write to what is in service and know of nothing else,
# so the first rebuild takes their row away, and they stop. The next migration drops it.
TABLES = """
CREATE TABLE search_target (name text COLLATE "C" PRIMARY KEY, normalizer integer NOT NULL);
INSERT INTO search_target VALUES ('customers', 0);
CREATE TABLE index_rebuild (
    id smallint PRIMARY KEY CHECK (id = 1),
    holder text NOT NULL,
    held_until timestamptz NOT NULL,
    step text NOT NULL,
    target text NOT NULL,
    normalizer integer NOT NULL,
    retired text[] NOT NULL,
    position_publisher text COLLATE "C" NOT NULL DEFAULT '',
    position_customer text COLLATE "C" NOT NULL DEFAULT '',
    written bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL
)
"""


def upgrade() -> None:
    """Create the tables."""
    database = op.get_bind().engine.url.database
    everything = "SELECT, INSERT, UPDATE, DELETE"
    statements = TABLES.split(";\n") + postgres_tables.ddl()
    statements += share(database, "search_index", app=everything, system=everything)
    statements += share(database, "search_target", app="SELECT", system=everything)
    statements += share(database, "index_rebuild", app="SELECT", system=everything)
    statements += share(database, "index_target", system="DELETE")
    for statement in statements:
        op.execute(statement)
