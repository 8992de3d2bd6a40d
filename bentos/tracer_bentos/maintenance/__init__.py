"""The upkeep of a trace store: segments compacted, old ones deleted, people forgotten.

Every step is written once and can be broken off anywhere: the next run goes on, and a
reader meanwhile sees each record exactly once.
"""
