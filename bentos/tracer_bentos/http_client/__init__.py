"""HTTP client for the teacher: connections, their pool, proxies, and TLS.

`connection` defines the interface of a connection; `http1` and `http2` implement it.
"""
