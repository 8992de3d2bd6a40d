"""The data plane: one ASGI application that every pod runs.

It listens as a pass-through to the teacher before anything else, captures traces, and
answers from a surrogate only what the operator's policy says is certified. Whatever
goes wrong on our side, the teacher answers.
"""
