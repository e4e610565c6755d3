"""What holds for every log: growing it by batches, proving, packing and naming."""

import re
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.growth import Edge, edge_of, grown
from gitguard.ledger.hashes import leaf_hash, tree_hash
from gitguard.ledger.notes import note
from gitguard.ledger.proof_files import Proof, parsed, written, wrong_with
from gitguard.ledger.proofs import consistency, inclusion, is_consistent, root_from_inclusion
from gitguard.ledger.tiles import CHECKPOINT, Tile, bundle_path, bundles_of, packed, tiles_of, unpacked
from tests.ledger import logs
from tests.ledger.logs import KEY, Files

SIZES = st.one_of(st.integers(1, 20), st.integers(1, 1_400), st.sampled_from([255, 256, 257, 511, 512, 513, 1024]))
# Sizes of batches of which a few make several tiles.
BATCHES = st.lists(st.one_of(st.integers(1, 3), st.integers(1, 700), st.sampled_from([255, 256, 257])), min_size=1, max_size=6)


def entries(count: int, first: int = 0) -> list[bytes]:
    return [f"entry {number}".encode() for number in range(first, first + count)]


def tree(size: int) -> tuple[Edge, Files]:
    edge, files = grown(Edge(), entries(size))
    return edge, dict(files)


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=300))
def test_entries_come_out_of_a_bundle_as_they_went_in(held: list[bytes]):
    assert unpacked(packed(held), "") == held


@given(st.binary(max_size=200))
def test_whatever_a_bundle_holds_it_is_read_or_refused(data: bytes):
    try:
        assert packed(unpacked(data, "")) == data
    except LedgerError:
        return


@settings(deadline=None)
@given(BATCHES)
def test_the_edge_that_is_read_back_is_the_one_that_grew(batches: list[int]):
    edge, files = Edge(), {}
    for batch in batches:
        made = grown(edge, entries(batch, edge.size))
        edge = made.edge
        files |= dict(made.files)
        assert edge_of(edge.size, files.__getitem__) == edge
    assert edge == tree(sum(batches))[0]
    assert edge.root == tree_hash([leaf_hash(entry) for entry in entries(sum(batches))])


@settings(deadline=None)
@given(BATCHES)
def test_batches_make_the_files_of_the_whole_and_what_is_partial_besides(batches: list[int]):
    edge, files = Edge(), {}
    for batch in batches:
        made = grown(edge, entries(batch, edge.size))
        edge = made.edge
        files |= dict(made.files)
    whole = tree(edge.size)[1]
    assert {path: files[path] for path in whole} == whole
    assert all(".p/" in path for path in files.keys() - whole.keys())


@settings(deadline=None)
@given(SIZES, st.data())
def test_every_proof_of_inclusion_verifies_and_no_changed_one_does(size: int, data: st.DataObject):
    edge, files = tree(size)
    index = data.draw(st.integers(0, size - 1))
    leaf = leaf_hash(entries(1, index)[0])
    proof = inclusion(index, size, files.__getitem__)
    assert root_from_inclusion(leaf, index, size, proof) == edge.root
    assert root_from_inclusion(leaf_hash(b"another"), index, size, proof) != edge.root
    other = data.draw(st.integers(0, size + 3))
    assert other == index or root_from_inclusion(leaf, other, size, proof) != edge.root
    for changed in _changed(proof, data):
        assert root_from_inclusion(leaf, index, size, changed) != edge.root


@settings(deadline=None)
@given(SIZES, st.data())
def test_every_proof_of_consistency_verifies_and_no_changed_one_does(size: int, data: st.DataObject):
    edge, files = tree(size)
    first = data.draw(st.integers(1, size))
    root = tree(first)[0].root
    proof = consistency(first, size, files.__getitem__)
    assert is_consistent(first, root, size, edge.root, proof)
    for changed in _changed(proof, data):
        assert not is_consistent(first, root, size, edge.root, changed)
    assert not is_consistent(first, leaf_hash(root), size, edge.root, proof)
    assert not is_consistent(first, root, size, leaf_hash(edge.root), proof)


def _changed(proof: list[bytes], data: st.DataObject) -> list[list[bytes]]:
    """The proof with a bit flipped in each of its hashes, one hash less, and one more."""
    position, bit = data.draw(st.integers(0, 31)), data.draw(st.integers(0, 7))
    flipped = [_flipped(one, position, 1 << bit) for one in proof]
    changed = [[*proof[:place], flipped[place], *proof[place + 1 :]] for place in range(len(proof))]
    shorter = [proof[:place] + proof[place + 1 :] for place in range(len(proof))]
    return [*changed, *shorter, [*proof, bytes(32)], [bytes(32), *proof]]


def _flipped(data: bytes, position: int, pattern: int) -> bytes:
    return data[:position] + bytes([data[position] ^ pattern]) + data[position + 1 :]


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 600), st.data())
def test_no_byte_of_a_proof_file_may_be_changed(size: int, data: st.DataObject):
    made = [b'{"kind":"alert","reason":"%d"}' % number for number in range(size)]
    edge, files = grown(Edge(), made)
    number = data.draw(st.integers(0, size - 1))
    hashes = inclusion(number, size, dict(files).__getitem__)
    proof = Proof(made[number], number, tuple(hashes), logs.head(size, edge.root))
    text = written(proof)
    assert parsed(text, "") == proof
    assert wrong_with(proof, [KEY.verifier], "")[1] == ""
    pattern = data.draw(st.integers(1, 255))
    for position in range(len(text)):
        try:
            assert wrong_with(parsed(_flipped(text, position, pattern), ""), [KEY.verifier], "")[1], position
        except LedgerError:
            continue


@given(st.integers(0, 10**12), st.integers(0, 6), st.integers(1, 256))
def test_paths_are_as_c2sp_has_them(number: int, level: int, width: int):
    path = Tile(level, number, width).path
    assert re.fullmatch(r"tile/[0-9]+/(x[0-9]{3}/)*[0-9]{3}(\.p/[1-9][0-9]*)?", path)
    digits, _, partial = path.removeprefix(f"tile/{level}/").partition(".p/")
    assert int(digits.replace("x", "").replace("/", "")) == number
    assert not digits.startswith("x000")
    assert int(partial or 256) == width
    assert bundle_path(number, width) == path.replace(f"tile/{level}/", "tile/entries/", 1)


def test_the_path_of_the_specification():
    assert Tile(0, 1_234_067, 256).path == "tile/0/x001/x234/067"
    assert Tile(1, 67, 8).path == "tile/1/067.p/8"
    assert bundle_path(1_234_067, 256) == "tile/entries/x001/x234/067"


@settings(deadline=None)
@given(st.integers(0, 200_000))
def test_the_tiles_of_a_tree_are_all_there_once(size: int):
    tiles = [*tiles_of(size)]
    assert len({tile.path for tile in tiles}) == len(tiles)
    assert sum(tile.width for tile in tiles if tile.level == 0) == size == sum(width for _, width in bundles_of(size))
    for below, above in pairwise(range(6)):
        whole = sum(tile.width == 256 for tile in tiles if tile.level == below)
        assert sum(tile.width for tile in tiles if tile.level == above) == whole


@settings(deadline=None, max_examples=20)
@given(SIZES)
def test_the_files_that_are_written_are_those_of_the_tree(size: int):
    files = tree(size)[1]
    assert files.keys() == {tile.path for tile in tiles_of(size)} | {bundle_path(*bundle) for bundle in bundles_of(size)}


@given(st.text(max_size=60), st.binary(max_size=60))
def test_whatever_stands_in_a_checkpoint_it_is_read_or_refused(text: str, data: bytes):
    for written_down in (text.encode("utf-8", "surrogatepass"), data, logs.head(1, bytes(32)) + data):
        try:
            note(written_down, CHECKPOINT)
        except LedgerError:
            continue
