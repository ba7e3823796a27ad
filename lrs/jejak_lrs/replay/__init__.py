"""Any selection of the record again, in the same bytes each time."""
