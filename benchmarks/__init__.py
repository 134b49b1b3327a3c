"""Speed measurements; see README.md.  No part of the installed package, and nothing here runs in the tests."""
