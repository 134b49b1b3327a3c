"""The translating page: `python app_gradio.py [--model CHECKPOINT ...] [--host HOST] [--port PORT] [--auth FILE]`.

What it does is in `nmt/webui/app.py`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from nmt.errors import UserError
from nmt.webui.app import check_address, keep_off_the_network, parse_arguments, serve


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 stopped by the user, 1 failed with a message, 2 wrong usage."""
    arguments = parse_arguments(argv)
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # ends like Ctrl-C: uploads go, a training saves
    keep_off_the_network()
    try:
        check_address(arguments.host, arguments.port)
        serve(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
