"""What changes from one release to another, and whom that breaks.

`shapes` says what a schema of a document asks for, `alterations` which changes there are and whom each breaks, `documents`
compares two contracts, `published` has what is known of releases that are not here, `editions` which releases there are and in
which order, `functions` grades each function from one release to another.
"""
