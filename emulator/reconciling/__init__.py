"""Bills held against what was ordered, quoted and is in service: what a line of a bill is for, and what is missing or too much.

Nothing numbered makes the amounts of a bill agree with anything, so nothing here fails a party. `book` keeps what was seen,
filled by `filling`; `reconcile` goes through it.
"""
