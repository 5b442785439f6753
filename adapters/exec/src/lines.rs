//! Lines of bounded length.

use std::io;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};

/// Cuts what it reads into lines.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    cap: usize,
}

/// One line, or the beginning of one that is too long; the rest of that comes as if it were the next line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    pub(crate) text: &'a [u8],
    pub(crate) ending: Ending,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a line feed, which is not part of the text.
    Feed,
    /// With the input: it may be torn.
    Input,
    /// It does not, within the cap.
    Cap,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    /// Lines of at most `cap` bytes.
    pub(crate) fn new(input: R, cap: usize) -> Self {
        Self { input: BufReader::new(input), line: Vec::new(), cap }
    }

    /// The next line; `None` at the end of the input.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let ending = loop {
            let read = self.input.fill_buf().await?;
            if read.is_empty() {
                break Ending::Input;
            }
            let room = &read[..read.len().min(self.cap + 1 - self.line.len())];
            if let Some(n) = room.iter().position(|byte| *byte == b'\n') {
                self.line.extend_from_slice(&room[..n]);
                self.input.consume(n + 1);
                break Ending::Feed;
            }
            let n = room.len().min(self.cap - self.line.len());
            self.line.extend_from_slice(&room[..n]);
            let is_full = n < room.len();
            self.input.consume(n);
            if is_full {
                break Ending::Cap;
            }
        };
        let over = ending == Ending::Input && self.line.is_empty();
        Ok((!over).then_some(Line { text: &self.line, ending }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn cut(text: &str, cap: usize) -> Vec<(String, Ending)> {
        let mut lines = Lines::new(text.as_bytes(), cap);
        let mut found = Vec::new();
        while let Some(Line { text, ending }) = lines.next().await.unwrap() {
            found.push((String::from_utf8(text.to_vec()).unwrap(), ending));
        }
        found
    }

    fn line(text: &str, ending: Ending) -> (String, Ending) {
        (text.to_owned(), ending)
    }

    #[tokio::test]
    async fn a_line_as_long_as_the_cap_is_whole() {
        assert_eq!(cut("abc\n\nde\n", 3).await, ["abc", "", "de"].map(|text| line(text, Ending::Feed)));
    }

    #[tokio::test]
    async fn a_longer_line_comes_in_pieces() {
        let pieces = [line("abc", Ending::Cap), line("d", Ending::Feed), line("e", Ending::Input)];
        assert_eq!(cut("abcd\ne", 3).await, pieces);
    }

    #[tokio::test]
    async fn what_is_longer_than_the_buffer_is_put_together() {
        let long = "x".repeat(100_000);
        assert_eq!(cut(&format!("{long}\n"), 100_000).await, [line(&long, Ending::Feed)]);
    }
}
