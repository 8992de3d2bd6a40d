"""The only code that calls the Kubernetes API and the data-plane pods."""
