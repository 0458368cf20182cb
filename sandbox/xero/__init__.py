"""Xero, imitated: its identity server, its connections and its contacts."""
