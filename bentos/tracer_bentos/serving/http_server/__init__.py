"""The server side of an HTTP exchange: bodies, headers, limits, and rejections."""
