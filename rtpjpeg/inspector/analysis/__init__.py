"""The analysis: from datagrams to streams, their frames, and what is wrong with them."""

from .inspection import Inspection, inspect_file

__all__ = ["Inspection", "inspect_file"]
