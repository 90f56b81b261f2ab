"""PostgreSQL: the embedded server, tenant transactions, tables and migrations."""
