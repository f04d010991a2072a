"""The proof that a set can be restored: its files, and what a server reads in them."""
