//! Framing of `.wandb` files: the log format of `LevelDB` with a header of its own and a plain checksum.
//!
//! The file begins with `:W&B`, the number 0xBEE1 and a version, 0. It is cut into blocks of 32 KiB counted from its
//! start. A record is written in chunks of which none crosses a block: CRC-32 of type and payload, length, type (whole,
//! first, middle, last), payload; integers are little-endian. A rest of fewer than 7 bytes in a block is zero.
//!
//! Source: the protocol reference, section 8; files written here are read by `wandb sync` 0.31.0 in
//! `tests/python/test_sink_wandb.py`. Elsewhere: what records hold (`record.rs`).

use std::io::{self, Read};

/// The first bytes of a file.
pub const HEADER: [u8; 7] = [b':', b'W', b'&', b'B', 0xe1, 0xbe, 0];

const BLOCK: usize = 32 << 10;
const CHUNK_HEADER: usize = 7;

/// Longest record. A row has at most 10 MB; manifests of artifacts are longer.
const MAX_RECORD: usize = 1 << 30;

const WHOLE: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// Writes a record at the end of `out`, which will stand at this place of the file.
pub fn append(start: u64, record: &[u8], out: &mut Vec<u8>) {
    let (mut rest, mut first) = (record, true);
    loop {
        let mut room = room(start, out.len());
        if room < CHUNK_HEADER {
            out.resize(out.len() + room, 0);
            room = BLOCK;
        }
        let (payload, remaining) = rest.split_at(rest.len().min(room - CHUNK_HEADER));
        let kind = match (first, remaining.is_empty()) {
            (true, true) => WHOLE,
            (true, false) => FIRST,
            (false, false) => MIDDLE,
            (false, true) => LAST,
        };
        out.extend(checksum(kind, payload).to_le_bytes());
        #[expect(clippy::cast_possible_truncation, reason = "a block is shorter than 64 KiB")]
        out.extend((payload.len() as u16).to_le_bytes());
        out.push(kind);
        out.extend(payload);
        if remaining.is_empty() {
            return;
        }
        (rest, first) = (remaining, false);
    }
}

/// The records of a file as they are read; ends before the first that is torn or damaged, as the last one of a run that goes
/// on may be.
#[derive(Debug)]
pub struct Records<R> {
    file: R,
    place: usize,
}

impl<R: Read> Records<R> {
    /// Reads the header. `InvalidData` when it is another.
    pub fn new(mut file: R) -> io::Result<Self> {
        let mut header = [0; HEADER.len()];
        file.read_exact(&mut header)?;
        if header != HEADER {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it does not begin as a .wandb file does"));
        }
        Ok(Self { file, place: header.len() })
    }

    /// The next record; `InvalidData` when it is longer than any client writes.
    pub fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut record = Vec::new();
        loop {
            let room = BLOCK - self.place % BLOCK;
            if room < CHUNK_HEADER {
                let Some(()) = self.fill(&mut [0; CHUNK_HEADER][..room])? else { return Ok(None) };
            }
            let Some((kind, payload)) = self.chunk()? else { return Ok(None) };
            if matches!(kind, WHOLE | FIRST) {
                record.clear();
            }
            record.extend(payload);
            if record.len() > MAX_RECORD {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a record is longer than any client writes"));
            }
            if matches!(kind, WHOLE | LAST) {
                return Ok(Some(record));
            }
        }
    }

    fn chunk(&mut self) -> io::Result<Option<(u8, Vec<u8>)>> {
        let mut header = [0; CHUNK_HEADER];
        let Some(()) = self.fill(&mut header)? else { return Ok(None) };
        let [a, b, c, d, low, high, kind] = header;
        let mut payload = vec![0; u16::from_le_bytes([low, high]).into()];
        let Some(()) = self.fill(&mut payload)? else { return Ok(None) };
        Ok((checksum(kind, &payload) == u32::from_le_bytes([a, b, c, d])).then_some((kind, payload)))
    }

    /// `None` where the file ends.
    fn fill(&mut self, bytes: &mut [u8]) -> io::Result<Option<()>> {
        match self.file.read_exact(bytes) {
            Ok(()) => {
                self.place += bytes.len();
                Ok(Some(()))
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// How much of its block is left at a place that far after `start`.
fn room(start: u64, written: usize) -> usize {
    #[expect(clippy::cast_possible_truncation, reason = "less than a block")]
    let before = (start % BLOCK as u64) as usize;
    BLOCK - (before + written) % BLOCK
}

fn checksum(kind: u8, payload: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&[kind]);
    hasher.update(payload);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(file: &[u8]) -> Option<Vec<Vec<u8>>> {
        let mut records = Records::new(file).ok()?;
        Some(std::iter::from_fn(|| records.read().unwrap()).collect())
    }

    #[test]
    fn a_small_record_is_one_chunk() {
        let mut out = HEADER.to_vec();
        append(0, b"abc", &mut out);
        // The checksum is `zlib.crc32(b"\x01abc")`.
        assert_eq!(out[7..], [&[0xa9, 0x20, 0x9d, 0x53, 3, 0, 1][..], b"abc"].concat());
    }

    #[test]
    fn records_of_every_size_come_back_wherever_they_are_cut() {
        let sizes = [0, 1, 32_747, 32_748, 32_754, 7, 40_000, 100_000, 3, 65_521, 0];
        let all: Vec<Vec<u8>> = sizes.iter().map(|size| (0..=250).cycle().take(*size).collect()).collect();
        let mut whole = HEADER.to_vec();
        for record in &all {
            append(0, record, &mut whole);
        }
        assert_eq!(records(&whole).unwrap(), all);

        let mut piecewise = HEADER.to_vec();
        for record in &all {
            let mut piece = Vec::new();
            append(piecewise.len() as u64, record, &mut piece);
            piecewise.extend(piece);
        }
        assert_eq!(piecewise, whole);
    }

    #[test]
    fn a_torn_end_is_passed_over() {
        let mut file = HEADER.to_vec();
        append(0, b"one", &mut file);
        let end = file.len();
        append(0, &vec![7; 40_000], &mut file);
        for cut in [end, end + 3, end + 20, file.len() - 1] {
            assert_eq!(records(&file[..cut]).unwrap(), [b"one".to_vec()], "{cut}");
        }
        assert_eq!(records(b"something else"), None);
    }
}
