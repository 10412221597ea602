"""Floor 3: the verbs a person can ask for, and what they see of the answers.

`views` holds the plain dataclasses that leave this room; `desk` says what a window may ask; the
other modules do it. This is the composition root: clock, network and database are put together
here. No Qt, no SQL text.
"""
