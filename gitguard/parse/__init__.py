"""Bytes to values, as Kubernetes reads them. The only room that knows a YAML library.

`read` gives the documents of a file and what is wrong with it; `locate` finds lines and columns, for the few fields that are reported,
and `fields_at` goes back from a line; `comments` finds the comments that hold a word.
"""

from gitguard.parse.comments import Comment, comments
from gitguard.parse.places import fields_at, locate
from gitguard.parse.reader import Document, Problem, Reading, read

__all__ = ["Comment", "Document", "Problem", "Reading", "comments", "fields_at", "locate", "read"]
