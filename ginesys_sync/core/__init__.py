"""Floor 0: the words.

Here live the notions every other room speaks in: sites, streams, keys, the plan, status words,
errors, events, settings, schedules, the clock. Everyone may come in. Nothing here does any input or
output except reading a settings file and the name of the machine's time zone, and nothing outside
the standard library may be imported.
"""
