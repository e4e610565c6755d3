"""One file a subcommand: read, decide, write, in a straight line."""
