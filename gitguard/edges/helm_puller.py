"""A process of its own that fetches one chart with helm-python-sdk.

Its arguments are the chart's name or reference, the repository or "", the version or "", the folder to put it in, and "plain" or "" for TLS.
"""

import sys


def main() -> int:
    """0, or 1 with the reason on stderr."""
    from helm_python import pull

    name, repository, version, folder, plain = sys.argv[1:]
    try:
        pull(name, repo_url=repository or None, version=version or None, destination=folder, plain_http=bool(plain))
    except Exception as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
