"""An imitation of FreshBooks."""
