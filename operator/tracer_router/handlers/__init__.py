"""The kopf side: events only enqueue keys; one reconcile does the rest."""
