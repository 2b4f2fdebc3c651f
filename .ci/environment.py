"""Writes environment.yml: Python, the pins that come on standard input, and this package with JupyterLab."""

import sys

HEAD = """\
# For conda users: conda env create -f environment.yml. Written by `make lock` from the pins; not to be edited.
name: bank-customer-research
channels: [conda-forge]
dependencies:
  - python >=3.11,<3.14
  - pip
  - pip:
"""

pins = [line.strip() for line in sys.stdin if line.strip() and not line.lstrip().startswith("#")]
sys.stdout.write(HEAD + "".join(f'      - "{pin}"\n' for pin in [*pins, "-e .[lab]"]))
