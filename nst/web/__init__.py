"""The studio: a web page on which pictures are painted, and the API behind it.

`python -m nst.web` serves both. `routes` translate between HTTP and the studio, `submission` checks what is to be
painted, `store` keeps jobs in an SQLite file that outlives the server, and `service` runs the queue: each `slot` hands
one job at a time to a warm process (`worker`, reached through `worker_process`), which calls `nst.run.stylize`.
"""
