import mido
from hypothesis import given
from hypothesis import strategies as st

from antiphon.live.wire import Wire

CHANNELS = st.integers(0, 15)
DATA = st.integers(0, 127)
MESSAGES = st.one_of(
    st.builds(
        lambda status, c, a, b: [status | c, a, b],
        st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0xE0]),
        CHANNELS,
        DATA,
        DATA,
    ),
    st.builds(lambda status, c, a: [status | c, a], st.sampled_from([0xC0, 0xD0]), CHANNELS, DATA),
    st.sampled_from([[0xF1, 3], [0xF2, 4, 5], [0xF3, 6], [0xF6], [0xF8], [0xFA], [0xFE]]),
)


@given(st.lists(MESSAGES, max_size=20), st.integers(1, 7))
def test_messages_come_out_as_they_went_in_however_they_are_cut(messages, size):
    wire, data = Wire(), [byte for message in messages for byte in message]
    out = [m for at in range(0, len(data), size) for m in wire.feed(data[at : at + size])]
    assert [list(m) for m in out] == messages


@given(st.lists(MESSAGES, max_size=20))
def test_mido_cuts_whole_messages_alike(messages):
    data = bytes(byte for message in messages for byte in message)
    assert [list(m) for m in Wire().feed(data)] == [m.bytes() for m in mido.parse_all(data)]


def test_running_status_ticks_inside_messages_and_what_is_skipped():
    wire = Wire()
    assert list(wire.feed([0x90, 60, 1, 62, 0xF8, 2])) == [b"\x90\x3c\x01", b"\xf8", b"\x90\x3e\x02"]
    assert list(wire.feed([0xF0, 1, 2, 0xF8, 3, 0xF7, 60, 1])) == [b"\xf8"]  # system exclusive ends running status
    assert list(wire.feed([0xF4, 60, 0x80, 0x81, 60, 0])) == [b"\x81\x3c\x00"]


@given(st.binary(max_size=200))
def test_no_byte_is_too_strange(data):
    for message in Wire().feed(data):
        assert message[0] >= 0x80
        assert all(byte < 0x80 for byte in message[1:])
