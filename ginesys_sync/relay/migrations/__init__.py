"""The numbered steps of the Web Database's schema, forward only, with their own version table."""

VERSION_TABLE = "relay_version"
KNOWN_VERSIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
"""Every version this program can open, oldest first. A newer one is refused in a sentence."""
