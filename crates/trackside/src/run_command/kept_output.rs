//! What a command writes to a standard stream, kept up to a bound: its beginning and its end.

use std::collections::VecDeque;

/// Bytes kept of the beginning, and as many of the end.
const HALF: usize = 4 << 20;

/// The beginning and the end of a stream.
#[derive(Debug, Default)]
pub(super) struct KeptOutput {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    written: u64,
}

impl KeptOutput {
    /// Adds what was written.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.written += bytes.len() as u64;
        let (first, rest) = bytes.split_at(bytes.len().min(HALF - self.head.len()));
        self.head.extend_from_slice(first);
        // No more than fits is put in, so that a large write costs no more than what is kept of it.
        let rest = &rest[rest.len().saturating_sub(HALF)..];
        let surplus = (self.tail.len() + rest.len()).saturating_sub(HALF);
        self.tail.drain(..surplus);
        self.tail.extend(rest);
    }

    /// How many bytes were written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// How many of them are not kept.
    pub(super) fn left_out(&self) -> u64 {
        self.written - (self.head.len() + self.tail.len()) as u64
    }

    /// What is kept, with a line in the gap that says how much is not.
    pub(super) fn text(&self) -> Vec<u8> {
        let mut text = self.head.clone();
        if self.left_out() > 0 {
            text.extend_from_slice(format!("\n[trackside: {} bytes left out]\n", self.left_out()).as_bytes());
        }
        let (front, back) = self.tail.as_slices();
        text.extend_from_slice(front);
        text.extend_from_slice(back);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_output_is_kept_whole() {
        let mut kept = KeptOutput::default();
        kept.push(b"a\n");
        kept.push(b"b\n");
        assert_eq!((kept.text().as_slice(), kept.written(), kept.left_out()), (&b"a\nb\n"[..], 4, 0));
    }

    #[test]
    fn of_long_output_the_middle_is_left_out() {
        let mut kept = KeptOutput::default();
        kept.push(&vec![b'a'; HALF]);
        kept.push(&vec![b'b'; HALF / 2]);
        assert_eq!(kept.left_out(), 0);
        kept.push(&vec![b'c'; 3 * HALF]);
        kept.push(b"end");
        assert_eq!(kept.left_out(), (HALF / 2 + 2 * HALF + 3) as u64);
        let text = kept.text();
        assert!(text.starts_with(b"aaa") && text.ends_with(b"ccend") && !text.contains(&b'B'));
        let gap = format!("a\n[trackside: {} bytes left out]\nc", kept.left_out());
        assert!(text.windows(gap.len()).any(|window| window == gap.as_bytes()));
    }
}
