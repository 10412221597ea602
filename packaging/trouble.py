"""What may stop the preparation, as a sentence for the person in front of it."""


class Trouble(Exception):
    """The work cannot begin. Its text says what happened and what to do; the exit code is 2."""
