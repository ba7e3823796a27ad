"""The tree's hashes and proofs: against the RFC word for word, and published test vectors."""

from collections.abc import Sequence
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jejak_lrs.tlog import merkle
from tests import naive_merkle

# The entries of Certificate Transparency's own tests, and the roots over the first n of them.
ENTRIES = [
    bytes.fromhex(each)
    for each in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSIONS = [
    (0, 8, [A, B, C]),
    (5, 8, [D, E, ROOTS[4]]),
    (2, 3, [ROOTS[2]]),
    (1, 5, [ROOTS[1], B, D]),
]
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [F, E, ROOTS[4]]),
    (2, 5, [B, D]),
]

entries_of_a_tree = st.lists(st.binary(max_size=40), min_size=1, max_size=90)


def hashes_over(entries: Sequence[bytes]) -> merkle.Hashes:
    return lambda level, index: naive_merkle.mth(
        entries[index << level : (index << level) + (1 << level)]
    )


def hexes(proof: list[bytes]) -> list[str]:
    return [each.hex() for each in proof]


def test_roots_are_those_of_certificate_transparency() -> None:
    for size, root in enumerate(ROOTS):
        leaves = [merkle.leaf_hash(entry) for entry in ENTRIES[:size]]
        assert merkle.root(leaves).hex() == root
        assert merkle.root_of(size, hashes_over(ENTRIES)).hex() == root


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_inclusion_proofs_are_those_of_certificate_transparency(
    index: int, size: int, proof: list[str]
) -> None:
    assert hexes(merkle.inclusion(index, size, hashes_over(ENTRIES))) == proof


@pytest.mark.parametrize(("old", "new", "proof"), CONSISTENCIES)
def test_consistency_proofs_are_those_of_certificate_transparency(
    old: int, new: int, proof: list[str]
) -> None:
    assert hexes(merkle.consistency(old, new, hashes_over(ENTRIES))) == proof


@given(entries_of_a_tree)
def test_a_root_is_what_the_rfc_says(entries: list[bytes]) -> None:
    expected = naive_merkle.mth(entries)
    assert merkle.root([merkle.leaf_hash(entry) for entry in entries]) == expected
    assert merkle.root_of(len(entries), hashes_over(entries)) == expected


@given(entries_of_a_tree, st.data())
def test_an_inclusion_proof_is_what_the_rfc_says_and_verifies(
    entries: list[bytes], data: st.DataObject
) -> None:
    size = len(entries)
    index = data.draw(st.integers(0, size - 1))
    proof = merkle.inclusion(index, size, hashes_over(entries))
    leaf = merkle.leaf_hash(entries[index])
    assert proof == naive_merkle.path(index, entries)
    assert merkle.is_included(leaf, index, size, proof, naive_merkle.mth(entries))


@given(entries_of_a_tree, st.data())
def test_a_consistency_proof_is_what_the_rfc_says_and_verifies(
    entries: list[bytes], data: st.DataObject
) -> None:
    new = len(entries)
    old = data.draw(st.integers(1, new))
    proof = merkle.consistency(old, new, hashes_over(entries))
    assert proof == naive_merkle.proof(old, entries)
    roots = naive_merkle.mth(entries[:old]), naive_merkle.mth(entries)
    assert merkle.is_consistent(old, roots[0], new, roots[1], proof)


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=40, unique=True), st.data())
def test_no_other_leaf_index_size_hash_or_root_is_included(
    entries: list[bytes], data: st.DataObject
) -> None:
    size, root = len(entries), naive_merkle.mth(entries)
    index = data.draw(st.integers(0, size - 1))
    proof = naive_merkle.path(index, entries)
    leaf = merkle.leaf_hash(entries[index])
    other = sha256(b"other").digest()
    at = data.draw(st.integers(0, len(proof) - 1))
    assert not merkle.is_included(other, index, size, proof, root)
    assert not merkle.is_included(leaf, index, size, proof, other)
    assert not merkle.is_included(leaf, index, size, [*proof, other], root)
    assert not merkle.is_included(leaf, index, size, proof[:-1], root)
    assert not merkle.is_included(leaf, index, size, [*proof[:at], other, *proof[at + 1 :]], root)
    for wrong in range(-1, size + 1):
        assert merkle.is_included(leaf, wrong, size, proof, root) == (wrong == index)


@given(st.lists(st.binary(max_size=8), min_size=2, max_size=40, unique=True), st.data())
def test_a_tree_that_begins_otherwise_is_not_consistent(
    entries: list[bytes], data: st.DataObject
) -> None:
    new = len(entries)
    old = data.draw(st.integers(1, new - 1))
    before, after = naive_merkle.mth(entries[:old]), naive_merkle.mth(entries)
    proof = naive_merkle.proof(old, entries)
    other = sha256(b"other").digest()
    at = data.draw(st.integers(0, len(proof) - 1))
    altered = [*proof[:at], other, *proof[at + 1 :]]
    assert not merkle.is_consistent(old, other, new, after, proof)
    assert not merkle.is_consistent(old, before, new, other, proof)
    assert not merkle.is_consistent(old, before, new, after, altered)
    assert not merkle.is_consistent(old, before, new, after, [*proof, other])
    assert not merkle.is_consistent(old, before, new, after, proof[:-1])
    assert not merkle.is_consistent(new, after, old, before, proof)


def test_the_empty_tree_begins_every_tree_and_no_tree_begins_it() -> None:
    root = naive_merkle.mth(ENTRIES)
    assert merkle.consistency(0, 8, hashes_over(ENTRIES)) == []
    assert merkle.is_consistent(0, merkle.EMPTY, 8, root, [])
    assert merkle.is_consistent(0, merkle.EMPTY, 0, merkle.EMPTY, [])
    assert not merkle.is_consistent(0, root, 8, root, [])
    assert not merkle.is_consistent(0, merkle.EMPTY, 0, root, [])
    assert not merkle.is_consistent(0, merkle.EMPTY, 8, root, [root])
    assert not merkle.is_consistent(8, root, 8, root, [root])


def test_what_a_tree_does_not_have_cannot_be_proved() -> None:
    for wrong in (-1, 8):
        with pytest.raises(ValueError, match=f"no leaf {wrong}"):
            merkle.inclusion(wrong, 8, hashes_over(ENTRIES))
    with pytest.raises(ValueError, match="does not begin"):
        merkle.consistency(9, 8, hashes_over(ENTRIES))
