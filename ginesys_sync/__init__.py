"""ginesys-sync: retail data sync between a head office and its stores.

The house is drawn in floors, and a room imports only from lower ones: `core` (words), then `wire`,
`store` and `shop`, then `engine` (one run), then `services` (the verbs a person can ask for), and
on top `ui`, `relay` and `cli`.
"""

__version__ = "0.1.0"
