"""Measures of speed and memory: `python -m tests.bench [NAME …] [--quick] [--json-only]`.

Every measure is a ratio within one run, or a peak, never a bare number of seconds: machines differ
and are shared. Each is the median of three rounds in which the baseline and the measured work take
turns. One JSON line per measure goes to standard output with the raw figures it was made of; a
table for people goes to standard error. The exit code is 1 when a limit does not hold. `--quick`
shrinks the amounts to see that everything works; its ratios say little and judge nothing.

- `pipeline`: 1,000,000 changed items from head office over the relay to one store, all three at
  work as processes with every safety on, from the first claim to the collected acknowledgement,
  against one `executemany` of the same tuples.
- `memory` (part of `pipeline`): the peak of each of these processes, at 100,000 and at 1,000,000
  records.
- `fanout`: head office's time for 100,000 items to 50 stores against the same to one.
- `capture`: plain inserts and updates of items with the capture triggers against without.
- `start`: Launchpad's first true picture against a bare window's.
"""
