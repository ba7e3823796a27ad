"""Erasing what records say, where the agency that owns them and the national archive say so.

approval    the recorded DestructionApproved, and what it chooses
ties        which records act on which, so that none is left without the other (pure)
selection   the records that may be erased by it now
act         the eraser's part, after the order is recorded
retention   what the published schedule lets go, as a dry run

What is promised: docs/guarantees.md, "Erasure".
"""
