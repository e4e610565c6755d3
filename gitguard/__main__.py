"""`python -m gitguard` is the same as `gitguard`."""

from gitguard.cli import entry

entry()
