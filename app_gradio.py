"""The translating page: `python app_gradio.py [--model CHECKPOINT ...] [--host HOST] [--port PORT] [--auth FILE]`.

What it does is in `nmt/webui/app.py`.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence

from nmt.errors import UserError
from nmt.webui.app import keep_off_the_network, parse_arguments, serve


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0 stopped by the user, 1 failed with a message, 2 wrong usage."""
    arguments = parse_arguments(argv)
    # SIGTERM ends it like Ctrl-C: uploads are deleted, and a training saves its state.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    keep_off_the_network()
    try:
        serve(arguments)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
