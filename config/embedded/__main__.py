"""`python -m config.embedded DATA_DIR [--for-tests]`: the keeper. Started by `config.embedded.client`."""

import argparse
import os
import sys
from pathlib import Path

from config.embedded.keeper import keep

parser = argparse.ArgumentParser(prog="python -m config.embedded", description=__doc__)
parser.add_argument("data_dir", type=Path)
parser.add_argument("--for-tests", action="store_true")
arguments = parser.parse_args()
if os.fork():
    os._exit(0)  # the keeper outlives whoever started it, and is nobody's child to wait for
sys.exit(keep(arguments.data_dir, for_tests=arguments.for_tests))
