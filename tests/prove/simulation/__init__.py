"""A whole chain in one process, moved step by step by a seed: head office, three stores and the
Web Database, with their real code and real SQLite files.

`world` holds the one clock, the one source of chance, the trace and the baton; `parts` puts them in
the place of what the program takes from the machine; `line` is the network; `chain` the sites and
their runs; `edits`, `control` and `backups` what people do; `promises` what must hold after quiet;
`play` one seed from its first edit to the verdict. Nothing of the program is changed but where it
takes time, chance, threads and the network from.
"""
