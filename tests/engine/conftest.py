"""What the tests of the engine stand on."""

from tests.support.chain_floor import floor, floor_template

__all__ = ["floor", "floor_template"]
