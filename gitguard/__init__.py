"""gitguard: git stays the only door to a GitOps cluster.

The gate judges what wants to come in through git; its outward surface is the command line (`gitguard --help`).
"""

__version__ = "0.1.0"
