"""The watch, pure: what differs between git's word and a cluster, and how to put git's word back. Nothing is asked or written here."""
