"""How an event becomes a record exactly once, in order, for good; and how records are read."""
