"""Whether a process of this machine is there."""

from __future__ import annotations

import os
import sys

__all__ = ["is_alive"]


def is_alive(pid: int) -> bool:
    """Whether there is a process with this number; where that cannot be asked, yes."""
    if sys.platform == "win32":
        return True  # signal 0 is not a question there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
