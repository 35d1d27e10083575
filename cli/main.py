"""The `lifecycle` command."""

from __future__ import annotations

import sys

from cli.errors import INTERRUPTED


def main() -> None:
    """Run the command; the exit status is 0, 1 (failed), 2 (bad usage or input) or 130 (interrupted)."""
    try:
        # Imported late: the import takes time, and Ctrl-C during it must not print a traceback.
        from cli import application

        application.start()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
