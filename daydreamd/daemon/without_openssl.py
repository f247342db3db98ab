"""Imports what the supervisor runs on, without OpenSSL: 5 MiB that it would carry for nothing.

It talks to nobody but the kernel, systemd and its own socket, yet asyncio and anyio import `ssl`,
and hashlib prefers OpenSSL's hashes to its own. So `ssl` is kept out while those two are imported:
asyncio then does without, and anyio only names its types in annotations. Whoever imports `ssl`
later gets the real one. Sessions are processes of their own and know nothing of this.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

_modules: Final[MutableMapping[str, Any]] = sys.modules


class _TypesOnly(ModuleType):
    """A module whose every public name is an empty class, to stand in annotations."""

    def __getattr__(self, name: str) -> type:
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


def import_without_openssl(service: str) -> ModuleType:
    """Import the module `service`; OpenSSL only where a module needs it."""
    if "ssl" not in sys.modules and "asyncio" not in sys.modules:
        try:
            with _instead("_hashlib", None), _instead("ssl", None):
                importlib.import_module("asyncio")
            with _instead("_hashlib", None), _instead("ssl", _TypesOnly("ssl")):
                importlib.import_module("anyio._backends._asyncio")
                return importlib.import_module(service)
        except (ImportError, TypeError, AttributeError):
            pass  # a later anyio may really need it: then with OpenSSL
    return importlib.import_module(service)


@contextmanager
def _instead(name: str, module: ModuleType | None) -> Iterator[None]:
    """Within the context `import name` gives `module`, or an ImportError where that is None."""
    _modules[name] = module
    try:
        yield
    finally:
        del _modules[name]
