"""`python -m data_prep`."""

import sys


def run() -> int:
    """The command; a missing package of the extra `data` is one line, not a traceback."""
    try:
        from data_prep.cli import main

        return main()
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in ("", "data_prep"):
            raise
        remedy = "install the extra `data`: pip install -e '.[data]' -c constraints.txt"
        print(f"error: the package {error.name} is missing; {remedy}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(run())
