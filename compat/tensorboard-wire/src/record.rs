//! Framing of `TFRecord` streams, the container of event files.
//!
//! A record is `length: u64`, masked CRC-32C of the length, payload, masked CRC-32C of the payload; integers are
//! little-endian. Files only grow: a torn tail means "not yet", not "damaged".
//!
//! Source: `tensorflow/core/lib/io/record_writer.cc` of TensorFlow 2.x; checked with TensorBoard 2.21.0.

use prost::Message;

/// Bytes before the payload.
const HEADER: usize = 12;
/// Bytes after it.
const FOOTER: usize = 4;

/// What stands at the beginning of some bytes of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// A record, and how many bytes it takes.
    Whole(&'a [u8], usize),
    /// A record whose payload is not what was written, and how many bytes it takes. The next one may be sound.
    Damaged(usize),
    /// The beginning of a record: the rest may follow.
    Torn,
    /// The length is not what was written: where the next record begins cannot be known.
    Lost,
}

/// Reads the record at the beginning of these bytes; none is torn.
pub fn frame(bytes: &[u8]) -> Frame<'_> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return Frame::Torn };
    let Some((checksum, rest)) = rest.split_first_chunk::<4>() else { return Frame::Torn };
    if u32::from_le_bytes(*checksum) != masked(crc32c::crc32c(length)) {
        return Frame::Lost;
    }
    let Ok(length) = usize::try_from(u64::from_le_bytes(*length)) else { return Frame::Lost };
    let Some((payload, rest)) = rest.split_at_checked(length) else { return Frame::Torn };
    let Some((checksum, _)) = rest.split_first_chunk::<4>() else { return Frame::Torn };
    let taken = HEADER + length + FOOTER;
    if u32::from_le_bytes(*checksum) == masked(crc32c::crc32c(payload)) {
        Frame::Whole(payload, taken)
    } else {
        Frame::Damaged(taken)
    }
}

/// What stands before a payload of this length.
pub fn header(length: u64) -> [u8; HEADER] {
    let length = length.to_le_bytes();
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&length);
    header[8..].copy_from_slice(&masked(crc32c::crc32c(&length)).to_le_bytes());
    header
}

/// What stands after a payload that consists of these parts.
pub fn data_checksum(parts: &[&[u8]]) -> [u8; FOOTER] {
    masked(parts.iter().fold(0, |crc, part| crc32c::crc32c_append(crc, part))).to_le_bytes()
}

/// Appends a record whose payload is written by `write`, which must append so many bytes.
pub fn append_record(out: &mut Vec<u8>, length: usize, write: impl FnOnce(&mut Vec<u8>)) {
    out.reserve(HEADER + length + FOOTER);
    out.extend_from_slice(&header(length as u64));
    let start = out.len();
    write(out);
    debug_assert_eq!(out.len() - start, length, "the payload is as long as its header says");
    let checksum = data_checksum(&[&out[start..]]);
    out.extend_from_slice(&checksum);
}

/// Appends a message as one record.
pub fn append_message(out: &mut Vec<u8>, message: &impl Message) {
    append_record(out, message.encoded_len(), |out| message.encode_raw(out));
}

/// Checksums are masked so that the checksum of bytes which hold checksums stays useful.
const fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        append_record(&mut out, payload.len(), |out| out.extend_from_slice(payload));
        out
    }

    #[test]
    fn checksums_are_castagnoli_and_masked() {
        assert_eq!(crc32c::crc32c(b"123456789"), 0xe306_9283);
        assert_eq!(masked(0xe306_9283), 0xc78a_b0e5);
        assert_eq!(data_checksum(&[b"1234", b"", b"56789"]), 0xc78a_b0e5_u32.to_le_bytes());
    }

    #[test]
    fn a_record_is_torn_until_its_last_byte_is_there() {
        let whole = record(b"payload");
        for end in 0..whole.len() {
            assert_eq!(frame(&whole[..end]), Frame::Torn, "{end}");
        }
        let followed = [&whole[..], b"more"].concat();
        assert_eq!(frame(&followed), Frame::Whole(b"payload", whole.len()));
        assert_eq!(frame(&record(b"")), Frame::Whole(b"", 16));
    }

    #[test]
    fn a_flipped_bit_is_told_from_a_lost_place() {
        let whole = record(b"payload");
        for place in 0..whole.len() {
            let mut flipped = whole.clone();
            flipped[place] ^= 4;
            let expected = if place < HEADER { Frame::Lost } else { Frame::Damaged(whole.len()) };
            assert_eq!(frame(&flipped), expected, "{place}");
        }
    }
}
