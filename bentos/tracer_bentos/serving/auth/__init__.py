"""Authentication of clients, and the key of the router for the teacher."""
