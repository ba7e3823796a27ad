"""The published log: grown from the ledger, signed, and held against every copy of its heads."""
