"""What people ask: of one person, and of many by figures."""
