"""The emulated authorization server of a party: who may call it is known by an access token (RFC 6749, 6750).

`clients` says who a client is, `keys` signs, `tokens` issues and reads tokens, `endpoints` answers what an authorization
server is asked, `guard` stands before the APIs. `records` keep what has to outlive a process and be seen by others.
"""
