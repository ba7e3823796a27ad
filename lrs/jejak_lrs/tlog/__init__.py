"""Transparency logs in the formats that existing tools read. Pure, and knows nothing of Jejak.

merkle      hashes and proofs of RFC 6962, section 2.1
note        signed text (C2SP signed-note, and tlog-cosignature with Ed25519)
checkpoint  what a log signs of its tree (C2SP tlog-checkpoint)
tiles       the tree and its entries as files (C2SP tlog-tiles)
proof       one entry's proof in one file (C2SP tlog-proof)
"""
