"""The only code that speaks to accounting software; it must not know the database."""
