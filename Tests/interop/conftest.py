"""Nothing but the import path: tests say `from harness import …`."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
