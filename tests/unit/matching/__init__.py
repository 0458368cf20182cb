"""Matching, module by module and whole; no I/O."""
