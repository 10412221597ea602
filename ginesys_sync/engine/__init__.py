"""Floor 2: one run of the sync.

Plain synchronous Python: no Qt, no SQL text, no globals. A run (`run`) pumps stages (`pump`), each
a step function that does one piece and says progress, idle or done: read, seal, upload; receive,
apply. Clock, network and randomness are parameters. `webdb` is the Web Database's HTTP client. May
import store, wire and core.
"""
