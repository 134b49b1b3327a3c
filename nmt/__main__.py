"""`python -m nmt` is the `nmt` command."""

from nmt.commands.main import main

raise SystemExit(main())
