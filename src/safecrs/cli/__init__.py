"""The command line: parsing and printing only; one module a command group."""

from safecrs.cli.main import main

__all__ = ["main"]
