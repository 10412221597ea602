"""The long proof of what is promised: crash points, bad networks, simulated chains, hostile files.

`python -m tests.prove` (or `run.py prove`) runs its parts and prints one table: what was tried, how
often, what broke. A part is a module with `prove(work)`, which yields lines (`report.Line`); it
knows nothing of the other parts. The everyday tests run a slice of each: `test_…` beside it.
"""
