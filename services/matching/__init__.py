"""Is this customer of the accounting software already here? Pure: no database, web or network.

Start reading at `matcher`; docs/matching.md tells the idea and what was measured. Nothing is
imported here, so that the libraries behind it are loaded by whoever matches, not at start.
"""
