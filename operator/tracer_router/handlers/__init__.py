"""The operator process: kopf watches enqueue keys, and one reconcile handles them."""
