"""Cost per call by volume: five options on streams of real requests.

The code of the product processes the stream in simulated time. Only the clock, the
arrivals, and the objects of the API server belong to the benchmark. Plans come from
`tracer_router.planning`, attempts from the training Job, decisions, sampling, audits,
counters, and forecasts from the data plane, and the saving from the savings estimate.
"""
