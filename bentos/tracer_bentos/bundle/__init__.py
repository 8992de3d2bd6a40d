"""The bundle of a surrogate on disk, and the Bento archive that contains it.

Training and serving load the same files with the same code, so a certified decision is
the decision that is served. The modules that serving imports need numpy only.
"""
