"""Every error the database layer raises itself; the message is one plain sentence for a user."""

from __future__ import annotations


class DatabaseError(Exception):
    """The database layer could not do what it was asked."""


class EmbeddedServerError(DatabaseError):
    """The embedded PostgreSQL server could not be prepared, started, reached or stopped."""
