"""The two doors: the one way in, by which a party is asked, and the one way out, by which it asks others."""
