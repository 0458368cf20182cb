"""Kill -9 at random moments of imports and undos, on SQLite and on PostgreSQL; `make crash`."""
