"""QuickBooks Online, imitated: its OAuth, its query language and its answers."""
