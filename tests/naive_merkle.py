"""RFC 6962, section 2.1, word for word, with nothing but hashlib: what ours is held against."""

from collections.abc import Sequence
from hashlib import sha256


def k(n: int) -> int:
    """The largest power of two smaller than n."""
    power = 1
    while power * 2 < n:
        power *= 2
    return power


def mth(d: Sequence[bytes]) -> bytes:
    """The Merkle tree hash of a list of entries."""
    if not d:
        return sha256().digest()
    if len(d) == 1:
        return sha256(b"\x00" + d[0]).digest()
    half = k(len(d))
    return sha256(b"\x01" + mth(d[:half]) + mth(d[half:])).digest()


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]): the audit path of entry m."""
    if len(d) == 1:
        return []
    half = k(len(d))
    if m < half:
        return [*path(m, d[:half]), mth(d[half:])]
    return [*path(m - half, d[half:]), mth(d[:half])]


def proof(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]): that D begins with its first m entries."""
    return subproof(m, d, known=True)


def subproof(m: int, d: Sequence[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if m == len(d):
        return [] if known else [mth(d)]
    half = k(len(d))
    if m <= half:
        return [*subproof(m, d[:half], known=known), mth(d[half:])]
    return [*subproof(m - half, d[half:], known=False), mth(d[:half])]
