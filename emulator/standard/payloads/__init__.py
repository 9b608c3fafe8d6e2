"""Product payloads that are not the standard's: schemas of a user's or of a partner's, bound as those of MEF are.

`library` reads the files and finds what references mean, `translate` makes of every dialect from draft-07 to 2020-12 the
words that our validator has, `weight` refuses what nobody could check in time, `own` is what comes of it.
"""
