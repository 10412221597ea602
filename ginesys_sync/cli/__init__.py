"""Floor 4: the front door, one command with sub-commands."""
