"""Kill -9 at random moments of imports, undos and sending, on both databases; `make crash`."""
