"""The client side of an HTTP exchange: bodies, headers, limits, rejections."""
