"""The data plane: one ASGI application that every pod runs.

The application starts to listen as a pass-through to the teacher before it does
anything else. It captures traces and answers from a surrogate only what the policy of
the operator marks as certified. If a part of the data plane fails, the teacher answers.
"""
