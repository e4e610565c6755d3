"""The ledger: a transparency log in the formats of C2SP, so that auditors read it with tools that we did not write. Pure: nothing is stored here.

Sources: C2SP tlog-tiles, tlog-checkpoint, signed-note, tlog-proof; RFC 6962 (hashes and proofs), RFC 8785 (entries).
"""
