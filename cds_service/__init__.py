"""Imaging-order advisor: a CDS Hooks service that advises on imaging orders."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("imaging-order-advisor")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0.0.0"
