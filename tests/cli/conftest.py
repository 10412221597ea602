"""The front door's tests stand on a small chain with the built-in tables."""

from tests.support.retail_chain import chain, offline, retail_template, settled, settled_template

__all__ = ["chain", "offline", "retail_template", "settled", "settled_template"]
