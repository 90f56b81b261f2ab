"""Transactions whose driver errors become LeanRAG's own at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

from db.tenancy import Database
from leanrag.errors import DatabaseUnavailable, NotFound

UNAVAILABLE = "The database does not answer right now; nothing was lost, try again in a moment."
GONE = "This tenant is no longer there; it was deleted."


class GuardedDatabase(Database):
    """A Database that raises DatabaseUnavailable where the server cannot be reached.

    What is to be stored for a tenant that was deleted meanwhile raises NotFound.
    """

    @contextmanager
    def tenant(self, tenant_id: UUID, *, is_snapshot: bool = False) -> Iterator[Session]:
        """Open a tenant's transaction. Raises DatabaseUnavailable."""
        with _translated(), super().tenant(tenant_id, is_snapshot=is_snapshot) as session:
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
        if _names_no_tenant(exc):
            raise NotFound(GONE) from exc
        raise


def _names_no_tenant(error: DBAPIError) -> bool:
    """Tell whether a row was to be stored for a tenant that is not there any more."""
    details = getattr(error.orig, "diag", None)
    broken = getattr(details, "constraint_name", None) or ""
    return isinstance(error, IntegrityError) and broken.endswith("_tenant_id_tenants")
