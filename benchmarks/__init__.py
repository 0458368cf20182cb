"""One script per claim: ours, the limit and what a user would pick instead, in one run."""
