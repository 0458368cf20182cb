"""The product in Chromium, against the demo as it is started by `make demo`."""
