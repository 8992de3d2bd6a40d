"""Notification about the disconnect of a client.

ASGI reports a disconnect only through the next received message, which would take one
more asyncio task for each request. The server of the data plane notifies through a
callback, which costs nothing until a client disconnects.
"""

from collections.abc import Callable
from typing import Final

__all__ = ["DISCONNECT_EXTENSION", "DisconnectNotifier"]

DISCONNECT_EXTENSION: Final = "tracerml.disconnect"
"""The ASGI extension that holds the `DisconnectNotifier` of the connection."""


class DisconnectNotifier:
    """The disconnect state of one client connection and its subscribers."""

    def __init__(self) -> None:
        self.disconnected = False
        """Whether the connection is closed."""
        self._callbacks: list[Callable[[], None]] = []

    def notify(self) -> None:
        """Mark the connection as closed and call all subscribers."""
        self.disconnected = True
        for callback in self._callbacks.copy():
            callback()

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call a function on disconnect; immediately if already disconnected."""
        self._callbacks.append(callback)
        if self.disconnected:
            callback()

    def unsubscribe(self, callback: Callable[[], None]) -> None:
        """Remove a subscribed function."""
        self._callbacks.remove(callback)
