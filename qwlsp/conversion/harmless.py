"""Methods of the standard library's values that compute and don't wait for anything."""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import enum
import io
import logging
import pathlib
import re
import string
import types
import uuid

_TYPES = (
    argparse.ArgumentParser, bytes, collections.Counter, collections.OrderedDict,
    collections.defaultdict, collections.deque, datetime.date, datetime.datetime,
    datetime.timedelta, decimal.Decimal, enum.Enum, io.StringIO, io.BytesIO, logging.Logger,
    pathlib.PurePath, re.Match, re.Pattern, string.Template, types.MappingProxyType, uuid.UUID,
)  # fmt: skip

HARMLESS_METHODS = frozenset(name for type_ in _TYPES for name in dir(type_)) - {
    "read",
    "readline",
    "readlines",
    "write",
    "writelines",
    "close",
    "flush",
}
"""Names of methods; a value of another class may have one of the same name that does wait."""
