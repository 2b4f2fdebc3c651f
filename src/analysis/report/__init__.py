"""Tables, charts, pages and publishing: shows findings and tidy frames, computes nothing."""

import sys

# jsonschema builds a grammar for a check that notebooks don't use: two CPU seconds in every process that reads one
# (python-jsonschema/jsonschema#1428). Without the package it leaves that one check out.
sys.modules.setdefault("rfc3987_syntax", None)
