//! The hash of DVC 2: MD5 with line ends of texts made those of Unix.
//!
//! A file is read in chunks of 1 MiB. A chunk whose beginning looks like text is hashed with LF for CR LF; a pair that is
//! split between two chunks stays, and so does everything in other chunks. So the size of a chunk is part of the format.
//!
//! Source: `dvc_data/hashfile/{hash,istextfile}.py` of dvc-data 3.18.3; checked on DVC's own code by `test_data.py`.

use md5::{Digest as _, Md5};

/// What DVC reads at a time.
pub(crate) const CHUNK: usize = 1 << 20;
/// What of a chunk it looks at.
const LOOKED_AT: usize = 512;

/// Hashes chunk by chunk.
#[derive(Debug, Default)]
pub(crate) struct Dos2Unix(Md5);

impl Dos2Unix {
    /// Takes the next chunk: [`CHUNK`] bytes, or fewer at the end of the file.
    pub(crate) fn update(&mut self, chunk: &[u8]) {
        if !is_text(&chunk[..chunk.len().min(LOOKED_AT)]) {
            self.0.update(chunk);
            return;
        }
        let mut rest = chunk;
        while let Some(at) = rest.iter().position(|byte| *byte == b'\r') {
            let kept = if rest.get(at + 1) == Some(&b'\n') { at } else { at + 1 };
            self.0.update(&rest[..kept]);
            rest = &rest[at + 1..];
        }
        self.0.update(rest);
    }

    pub(crate) fn finish(self) -> [u8; 16] {
        self.0.finalize().into()
    }
}

/// No NUL, and at most 30 % of what no text of ASCII has.
fn is_text(beginning: &[u8]) -> bool {
    let odd = beginning.iter().filter(|byte| !matches!(byte, 0x20..=0x7e | b'\n' | b'\r' | b'\t' | 0x0c | 0x08));
    !beginning.contains(&0) && odd.count() * 10 <= beginning.len() * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn legacy(bytes: &[u8]) -> String {
        let mut hash = Dos2Unix::default();
        bytes.chunks(CHUNK).for_each(|chunk| hash.update(chunk));
        hex::encode(hash.finish())
    }

    fn plain(bytes: &[u8]) -> String {
        hex::encode(Md5::digest(bytes))
    }

    #[test]
    fn line_ends_of_texts_are_those_of_unix() {
        assert_eq!(legacy(b"a\r\nb\r\r\nc\r\n\r"), plain(b"a\nb\r\nc\n\r"));
        assert_eq!(legacy(b""), "d41d8cd98f00b204e9800998ecf8427e");
    }

    #[test]
    fn other_bytes_stay() {
        assert_eq!(legacy(b"\0a\r\nb"), plain(b"\0a\r\nb"));
        assert_eq!(legacy(b"\xff\xff\xff\xff\r\n"), plain(b"\xff\xff\xff\xff\r\n"));
    }

    #[test]
    fn a_pair_across_two_chunks_stays_and_each_chunk_is_judged_alone() {
        let mut bytes = vec![b'x'; CHUNK - 1];
        bytes.extend_from_slice(b"\r\n\r\n\0");
        assert_eq!(legacy(&bytes), plain(&bytes), "the second chunk has a NUL, the first no whole pair");
        let mut bytes = vec![b'x'; CHUNK - 2];
        bytes.extend_from_slice(b"\r\n\0\r\n");
        let mut expected = vec![b'x'; CHUNK - 2];
        expected.extend_from_slice(b"\n\0\r\n");
        assert_eq!(legacy(&bytes), plain(&expected));
    }

    #[test]
    fn three_odd_bytes_in_ten_are_still_text() {
        assert_eq!(legacy(b"12345\r\n\xff\xff\xff"), plain(b"12345\n\xff\xff\xff"));
        assert_eq!(legacy(b"1234\r\n\xff\xff\xff\xff"), plain(b"1234\r\n\xff\xff\xff\xff"));
    }
}
