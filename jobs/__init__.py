"""Entry points from the clock: wake-ups and ticks, carried to services."""
