"""What a call costs, by volume: five ways to pay a bill, on streams of real requests.

The stream is played through the system's own code in simulated time. Only the clock,
the arrivals and the objects of the API server are the benchmark's: plans come from
`tracer_router.planning`, attempts from the training Job, decisions, coins, audits,
counts and forecasts from the parts of the data plane, the saving from the meter.
"""
