"""The `lifecycle` command."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command; the exit status is 0, 1 (failed), 2 (bad usage or input) or 130 (interrupted)."""
    try:
        # Imported late: it takes a while, and an interrupt meanwhile is no traceback.
        from cli import application

        application.start()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
