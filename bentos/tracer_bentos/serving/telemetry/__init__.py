"""Counters, latencies, costs, metrics, and spans of the data plane."""
