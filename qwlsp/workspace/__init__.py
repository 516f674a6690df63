"""The folders that a person works in: an index of their files on disk, and what is asked of it.

`ignore` says which files count, `contents` what there is to know of one, `store` keeps that in
SQLite, `indexer` is the process that fills it and `client` its other end in the server. `view` is
what the rest of qwlsp reads.
"""
