"""How fast it is, and beside what: `make bench [ONLY=name]`. See docs/performance.md."""
