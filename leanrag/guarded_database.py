"""Transactions whose driver errors become LeanRAG's own at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from db.tenancy import Database
from leanrag.errors import DatabaseUnavailable

UNAVAILABLE = "The database does not answer right now; nothing was lost, try again in a moment."


class GuardedDatabase(Database):
    """A Database that raises DatabaseUnavailable where the server cannot be reached."""

    @contextmanager
    def tenant(self, tenant_id: UUID) -> Iterator[Session]:
        """Open a tenant's transaction. Raises DatabaseUnavailable."""
        with _translated(), super().tenant(tenant_id) as session:
            yield session

    @contextmanager
    def administration(self) -> Iterator[Session]:
        """Open the owner's transaction. Raises DatabaseUnavailable."""
        with _translated(), super().administration() as session:
            yield session


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as exc:
        raise DatabaseUnavailable(UNAVAILABLE) from exc
    except DBAPIError as exc:
        if exc.connection_invalidated:
            raise DatabaseUnavailable(UNAVAILABLE) from exc
        raise
