"""The whole product as a service runs it: PostgreSQL, four web processes, two workers, a proxy."""
