"""Numbered migrations, one intent each; run by `db.migrate`."""
