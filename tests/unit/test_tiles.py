"""Tiles and bundles: the specification's examples, and a tree that grows against the RFC."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jejak_lrs.tlog import merkle, tiles
from jejak_lrs.tlog.errors import Malformed, Missing
from jejak_lrs.tlog.tiles import Edge, Folder, Tree
from tests import naive_merkle, tiling


def entry(index: int) -> bytes:
    return b"entry %d" % index


def files_of(size: int) -> dict[str, bytes]:
    return tiling.files_of([entry(index) for index in range(size)])


def test_paths_are_those_of_the_specification() -> None:
    assert tiles.tile_path(0, 0) == "tile/0/000"
    assert tiles.tile_path(0, 1000) == "tile/0/x001/000"
    assert tiles.tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tiles.tile_path(1, 273, 17) == "tile/1/273.p/17"
    assert tiles.bundle_path(1_234_067, 112) == "tile/entries/x001/x234/067.p/112"


def test_widths_are_those_of_the_specification() -> None:
    assert tiles.widths(0) == []
    assert tiles.widths(256) == [0, 1]
    assert tiles.widths(1000) == [232, 3]
    assert tiles.widths(70_000) == [112, 17, 1]


def test_a_tree_of_256_and_one_of_1000_have_these_files() -> None:
    assert sorted(files_of(256)) == ["tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    levels = ["tile/0/000", "tile/0/001", "tile/0/002", "tile/0/003.p/232", "tile/1/000.p/3"]
    assert [path for path in files_of(1000) if "entries" not in path] == levels


def test_a_partial_tile_of_full_width_is_none() -> None:
    for width in (0, 257):
        with pytest.raises(ValueError, match="1 to 256 wide"):
            tiles.tile_path(0, 0, width)


@given(st.integers(0, 63), st.integers(0, 10**13), st.integers(1, 256))
def test_every_path_has_a_name_that_may_be_served(level: int, index: int, width: int) -> None:
    for path in (tiles.tile_path(level, index, width), tiles.bundle_path(index, width)):
        assert tiles.NAME.fullmatch(path)


@pytest.mark.parametrize(
    "path",
    [
        "tile/64/000",
        "tile/00/000",
        "tile/8/0/000",
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/x001/x000",
        "tile/0/001/000",
        "tile/0/../../secret",
        "tile/entries/000/",
        "tile/0/000\n",
        "tile/0/\u0660\u0660\u0660",
        "/tile/0/000",
    ],
)
def test_nothing_else_may_be_served(path: str) -> None:
    assert not tiles.NAME.fullmatch(path)


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entries_come_back_from_a_bundle(entries: list[bytes]) -> None:
    assert tiles.unpack(tiles.pack(entries)) == entries


def test_a_bundle_is_lengths_and_entries() -> None:
    longest = b"x" * tiles.MOST_ENTRY_BYTES
    assert tiles.pack([b"ab", b"", longest]) == b"\x00\x02ab\x00\x00\xff\xff" + longest
    with pytest.raises(OverflowError):
        tiles.pack([longest + b"x"])


def test_a_torn_bundle_is_malformed() -> None:
    whole = tiles.pack([b"ab", b"cde"])
    for end in (1, 3, 5, len(whole) - 1):
        with pytest.raises(Malformed):
            tiles.unpack(whole[:end])


@settings(max_examples=15)
@given(st.lists(st.integers(0, 700), max_size=6))
def test_a_tree_grown_in_steps_writes_the_files_of_one_made_at_once(steps: list[int]) -> None:
    edge, written = Edge(), dict[str, bytes]()
    for step in steps:
        leaves = [merkle.leaf_hash(entry(edge.size + at)) for at in range(step)]
        written |= edge.grow(leaves) + edge.partials()
    expected = files_of(edge.size)
    assert {path: written[path] for path in expected if "entries" not in path} == {
        path: content for path, content in expected.items() if "entries" not in path
    }
    assert edge.root() == naive_merkle.mth([entry(index) for index in range(edge.size)])


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 1000, 65_535, 65_536, 65_537, 70_000])
def test_a_tree_reads_back_from_its_files(size: int) -> None:
    files = files_of(size)
    tree = Tree(size, files.get)
    root = naive_merkle.mth([entry(index) for index in range(size)])
    assert tree.root() == tree.edge().root() == root
    for index in {0, size // 2, size - 1}:
        leaf = merkle.leaf_hash(entry(index))
        assert merkle.is_included(leaf, index, size, tree.inclusion(index), root)
        assert list(tree.entries(index, index + 1)) == [entry(index)]
    old = size // 3
    old_root = naive_merkle.mth([entry(index) for index in range(old)])
    assert merkle.is_consistent(old, old_root, size, root, tree.consistency(old))


def test_a_grown_edge_goes_on_from_the_files() -> None:
    files = files_of(70_000)
    edge = Tree(70_000, files.get).edge()
    leaves = [merkle.leaf_hash(entry(index)) for index in range(70_000, 70_300)]
    full = dict(edge.grow(leaves))
    assert full["tile/0/273"] == files_of(70_300)["tile/0/273"]
    assert edge.partials() == [
        (path, files_of(70_300)[path])
        for path in ("tile/0/274.p/156", "tile/1/001.p/18", "tile/2/000.p/1")
    ]


def test_entries_are_read_across_bundles() -> None:
    tree = Tree(600, files_of(600).get)
    assert list(tree.entries(250, 520)) == [entry(index) for index in range(250, 520)]
    assert list(tree.leaf_hashes(250, 520)) == [
        merkle.leaf_hash(entry(index)) for index in range(250, 520)
    ]
    assert list(tree.entries(7, 7)) == []
    with pytest.raises(ValueError, match="has no leaves"):
        list(tree.entries(0, 601))


def test_a_smaller_tree_reads_from_a_larger_ones_files() -> None:
    """A partial tile may be deleted once the full one exists."""
    files = files_of(1000) | files_of(1024)
    del files["tile/0/003.p/232"], files["tile/entries/003.p/232"]
    tree = Tree(1000, files.get)
    root = naive_merkle.mth([entry(index) for index in range(1000)])
    assert tree.root() == root
    assert list(tree.entries(999, 1000)) == [entry(999)]


def test_a_missing_or_short_file_is_said(tmp_path: Path) -> None:
    for path, content in files_of(300).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    folder = Folder(tmp_path)
    assert folder.checkpoint() is None
    (tmp_path / "tile/0/001.p/44").write_bytes(bytes(43 * 32))
    with pytest.raises(Missing, match=r"tile/0/001.p/44 has 1376 bytes"):
        folder.tree(300).root()
    (tmp_path / "tile/0/001.p/44").unlink()
    with pytest.raises(Missing, match=r"tile/0/001.p/44 is missing"):
        folder.tree(300).root()
    with pytest.raises(Missing):
        folder.tree(257).root()  # nobody published that size


def test_tiles_of_another_size_are_no_edge() -> None:
    with pytest.raises(Malformed):
        Edge(3, [[merkle.EMPTY]])
