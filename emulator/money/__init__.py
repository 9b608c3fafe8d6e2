"""Money: exact amounts of a currency, and what has to add up in bills and their items.

`currency` knows how many decimals a currency has, `amounts` reads, rounds and compares amounts, `items`, `bills` and
`together` say where an item, a bill, or a bill with its items does not add up. All of it is arithmetic over what messages
show: no clause of MEF 141 has a number for it, so that a difference is a hint to a judge and a line to who reconciles.
"""
