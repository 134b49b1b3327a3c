"""`python -m data_prep`."""

import sys

try:
    from data_prep.cli import main

    status = main()
except ModuleNotFoundError as error:
    if error.name in (None, "data_prep", "nmt"):
        raise
    print(f"error: the package {error.name} is missing; pip install 'recurrent-nmt[data]'", file=sys.stderr)
    status = 1
sys.exit(status)
