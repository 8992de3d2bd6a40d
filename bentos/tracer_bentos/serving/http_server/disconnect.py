"""How those who answer a client learn that it has left.

ASGI tells it to whoever asks for the next message, which takes a task a request. Our
own server tells it by a call, which costs nothing while nobody leaves.
"""

from collections.abc import Callable
from typing import Final

__all__ = ["DISCONNECT_EXTENSION", "DisconnectNotifier"]

DISCONNECT_EXTENSION: Final = "tracerml.disconnect"
"""The ASGI extension under which our server gives a connection's departure."""


class DisconnectNotifier:
    """Of one connection: whether its client has left, and who wants to know."""

    def __init__(self) -> None:
        self.left = False
        """Whether the connection is gone."""
        self._told: list[Callable[[], None]] = []

    def notify(self) -> None:
        """Say that the client has left."""
        self.left = True
        for call in self._told.copy():
            call()

    def subscribe(self, call: Callable[[], None]) -> None:
        """Have a function called when the client leaves; at once if it has."""
        self._told.append(call)
        if self.left:
            call()

    def unsubscribe(self, call: Callable[[], None]) -> None:
        """Have it called no more."""
        self._told.remove(call)
