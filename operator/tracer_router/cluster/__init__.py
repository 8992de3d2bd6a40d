"""The only code that talks to the Kubernetes API and to data-plane pods."""
