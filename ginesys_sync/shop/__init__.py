"""Floor 1: the shop.

Here lives the built-in retail schema, the ordinary writes a shop does to it, the read-only lists
its screens show, a seeded chain for demos and tests, and the reader of the real sales file.

Services, the demo and tests may come in. It knows nothing of sync: no batch, no capture, no state
of a site; it writes its tables like any till or ERP would. Of `core` it may import the errors and
the clock, and of higher floors nothing.
"""
