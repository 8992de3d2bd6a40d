"""HTTP/1.1 to the teacher: connections, their pool, proxies and trust."""
