"""What the tests of the store stand on."""

from tests.support.chain_floor import floor, floor_template

__all__ = ["floor", "floor_template"]
