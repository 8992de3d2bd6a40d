"""HTTP to the teacher: connections, their pool, proxies and trust.

`connection` says what a connection is, `http1` and `http2` what it speaks.
"""
