"""Which task a request belongs to, and which of its text is the input."""
