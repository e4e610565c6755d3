"""All that can block, fail or surprise: git, files, the cache, processes, the clock. Nothing is decided here."""
