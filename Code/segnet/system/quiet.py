"""Keeps the lines of C++ libraries away from the terminal, unless they fail."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet() -> Iterator[None]:
    """Hides what is written to stderr, by C++ too, and shows it when the block raises.

    A conversion writes dozens of lines about its own steps, which no setting of
    TensorFlow turns off.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as lines, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            os.dup2(lines.fileno(), 2)
            try:
                yield
            except BaseException:
                sys.stderr.flush()
                lines.seek(0)
                os.write(kept, lines.read())
                raise
            finally:
                sys.stderr.flush()
                os.dup2(kept, 2)
    finally:
        os.close(kept)
