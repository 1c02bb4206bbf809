"""The studio: a page in the browser where pictures are painted, and the API behind it.

`python -m nst.web` serves both. Routes only translate (`app`); what is to be painted is checked in `orders` and kept in
`store`, an sqlite file that outlives the server; `studio` hands one job after the other to a warm process for each slot
(`worker`, reached through `crew`), which runs `nst.run.stylize`.
"""
