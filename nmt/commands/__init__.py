"""The `nmt` command: one file for each subcommand.

In go arguments and standard input; out come results on standard output, everything else on standard error, and the
exit status.  What a command does lies in the package that it calls, which it imports only when it runs.  Begin with
`main.py`.
"""
