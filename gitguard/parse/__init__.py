"""Bytes to values, as Kubernetes reads them. The only room that knows a YAML library.

`read` gives the documents of a file and what is wrong with it; `locate` finds lines and columns, for the few fields that are reported.
"""

from gitguard.parse.places import locate
from gitguard.parse.reader import Document, Problem, Reading, read

__all__ = ["Document", "Problem", "Reading", "locate", "read"]
