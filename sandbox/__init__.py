"""Imitations of the accounting providers and a mail server, all on this machine."""
