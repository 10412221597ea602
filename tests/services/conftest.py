"""What the tests of the services stand on."""

from tests.support.chain_floor import floor, floor_template
from tests.support.retail_chain import chain, retail_template, settled, settled_template

__all__ = ["chain", "floor", "floor_template", "retail_template", "settled", "settled_template"]
