"""The data-plane process: listeners, routing of requests, settings, bundle loading."""
