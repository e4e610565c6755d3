"""The vectors that others published: RFC 6962's tree of Certificate Transparency's reference, and the signed note of Go's documentation."""

import pytest

from gitguard.ledger.errors import LedgerError
from gitguard.ledger.growth import Edge, edge_of, grown
from gitguard.ledger.hashes import EMPTY, leaf_hash, tree_hash
from gitguard.ledger.notes import checkpoint, note, signed, signer, verifier
from gitguard.ledger.proofs import consistency, inclusion, is_consistent, root_from_inclusion
from gitguard.ledger.remaking import Tree

# Of github.com/transparency-dev/merkle, testonly/constants.go and proof/verify_test.go, which have them of Certificate Transparency's tests.
LEAVES = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")]
LEAF_HASHES = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
]
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
# Counted from one, as there: entry, size, proof.
INCLUSIONS = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (3, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        2,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCIES = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]

# Of golang.org/x/mod/sumdb/note, example_test.go.
PRIVATE = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
NOTE = f"{TEXT}\n{SIGNATURE}".encode()


def hexed(proof: list[bytes]) -> list[str]:
    return [one.hex() for one in proof]


def tiles(size: int) -> dict[str, bytes]:
    """The hashes of a tree of the leaves; the first of them is empty, and no entry of a log is."""
    return {f"tile/0/000.p/{size}": b"".join(map(leaf_hash, LEAVES[:size]))}


def test_hashes_of_leaves():
    assert hexed([leaf_hash(leaf) for leaf in LEAVES]) == LEAF_HASHES


def test_roots_by_who_writes_and_by_who_verifies():
    assert EMPTY.hex() == ROOTS[0]
    for size, root in enumerate(ROOTS):
        hashes = [leaf_hash(leaf) for leaf in LEAVES[:size]]
        tree = Tree(lambda *_: None)
        assert tree.root(hashes).hex() == root
        tree.add(hashes)
        assert {tree_hash(hashes).hex(), Edge(size, (), (tuple(hashes),)).root.hex(), tree.root().hex()} == {root}


@pytest.mark.parametrize(("entry", "size", "proof"), INCLUSIONS)
def test_proofs_of_inclusion(entry: int, size: int, proof: list[str]):
    assert hexed(inclusion(entry - 1, size, tiles(size).__getitem__)) == proof
    root = root_from_inclusion(leaf_hash(LEAVES[entry - 1]), entry - 1, size, [bytes.fromhex(one) for one in proof])
    assert root is not None
    assert root.hex() == ROOTS[size]


@pytest.mark.parametrize(("first", "size", "proof"), CONSISTENCIES)
def test_proofs_of_consistency(first: int, size: int, proof: list[str]):
    assert hexed(consistency(first, size, tiles(size).__getitem__)) == proof
    assert is_consistent(first, bytes.fromhex(ROOTS[first]), size, bytes.fromhex(ROOTS[size]), [bytes.fromhex(one) for one in proof])


def test_an_empty_entry_is_none_of_a_log():
    with pytest.raises(LedgerError, match="an entry has 0 bytes"):
        grown(Edge(), LEAVES)
    assert edge_of(0, tiles(1).__getitem__) == Edge()


def test_the_note_of_the_documentation_is_signed_alike():
    assert signed(TEXT, [signer(PRIVATE)]) == NOTE
    assert str(signer(PRIVATE).verifier) == PUBLIC
    assert signer(PRIVATE).encoded() == PRIVATE


def test_the_note_of_the_documentation_is_read_and_verifies():
    read = note(NOTE)
    assert read.text == TEXT
    assert [(one.name, one.hash.hex()) for one in read.signatures] == [("PeterNeumann", "c74f20a3")]
    assert read.signed_by(verifier(PUBLIC))


def test_no_byte_of_a_note_may_be_changed():
    for position in range(len(NOTE)):
        changed = NOTE[:position] + bytes([NOTE[position] ^ 1]) + NOTE[position + 1 :]
        try:
            assert not note(changed).signed_by(verifier(PUBLIC)), position
        except LedgerError:
            continue


@pytest.mark.parametrize(
    "key", ["", "a", "a+b", "a+00000000+AQ==", PUBLIC.replace("c74f20a3", "c74f20a4"), PUBLIC.replace("+ARpc", "+ASpc"), PRIVATE]
)
def test_what_is_no_key_is_refused(key: str):
    with pytest.raises(LedgerError):
        verifier(key)
    with pytest.raises(LedgerError):
        signer(key.replace("PRIVATE+KEY+", "PRIVATE+"))


# Of C2SP's tlog-checkpoint, with what must not be.
GOOD = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"


def test_the_checkpoint_of_the_specification_is_read():
    read = checkpoint(GOOD)
    assert (read.origin, read.size, read.text()) == ("example.com/behind-the-sofa", 20852163, GOOD)
    assert checkpoint(f"{GOOD}an extension\n") == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        GOOD.replace("20852163", "020852163"),
        GOOD.replace("20852163", "-1"),
        GOOD.replace("20852163", "\uff12"),
        GOOD.replace("20852163", "9" * 30),
        GOOD.replace("CsUY", ""),
        GOOD.replace("q2I=", "q2J="),
        GOOD[GOOD.index("\n") :],
        f"{GOOD}\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: str):
    with pytest.raises(LedgerError):
        checkpoint(text)
