"""Two invented lists of customers with their truth, seeded, of any size: see `lists.make_lists`."""
