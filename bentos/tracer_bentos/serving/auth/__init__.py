"""Authentication of clients, and the keys for the teacher."""
