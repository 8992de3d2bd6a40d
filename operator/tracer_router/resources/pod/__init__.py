"""Parts of the pods of a router: mounts, environment, and security settings."""
