"""Whether the ledger is what it must be: nothing altered, nothing lost, nothing invented."""
