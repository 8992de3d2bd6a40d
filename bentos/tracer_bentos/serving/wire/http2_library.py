"""The library `h2`, set up for one who asks teachers."""

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.settings import SettingCodes, Settings

from tracer_bentos.serving.wire.connection import BUFFERED, LONGEST_HEAD
from tracer_bentos.serving.wire.http2_headers import PlainEncoder

__all__ = ["library_half"]


def library_half() -> H2Connection:
    """Give it for one connection; `http2_headers` checks headers, both ways."""
    wire = H2Connection(
        H2Configuration(
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            validate_inbound_headers=False,
            normalize_inbound_headers=False,
        )
    )
    wire.local_settings = Settings(
        initial_values={
            SettingCodes.ENABLE_PUSH: 0,
            SettingCodes.INITIAL_WINDOW_SIZE: BUFFERED,
            SettingCodes.MAX_HEADER_LIST_SIZE: LONGEST_HEAD,
        }
    )
    # Some servers end a connection over a setting that is younger than they are.
    del wire.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
    wire.encoder = PlainEncoder()
    # Twice as much is still read: else one answer's headers would end everybody's.
    wire.decoder.max_header_list_size = 2 * LONGEST_HEAD
    return wire
