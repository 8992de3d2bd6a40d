"""Works a certificate out again from the bundle and the traces, and says yes or no.

The statements come from the code that wrote the certificate; nothing is fitted anew.
"""
