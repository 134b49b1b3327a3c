"""Speed measurements; see README.md.  No part of the installed package, and no test runs them."""
