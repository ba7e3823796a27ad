"""What a superuser could do to a ledger and its log, by chance and in great number."""
