"""A surrogate as data: its arithmetic, its bundle on disk and the Bento around it.

Training and serving both decide with the code here, so that a decision tested is the
decision served. What serving imports needs numpy only.
"""
