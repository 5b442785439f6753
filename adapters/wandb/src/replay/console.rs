//! What a program wrote, as lines of a console.

use trackside_core::Timestamp;
use trackside_wandb_wire::record::{OutputRaw, Time};

/// Longest line that is kept, in bytes.
const MAX_LINE: usize = 64 << 10;

/// Pieces of standard output and standard error, put together.
#[derive(Debug, Default)]
pub(super) struct Console {
    /// Of standard error, then of standard output: what has no end yet, and when it began.
    open: [Option<(Timestamp, String)>; 2],
}

impl Console {
    /// The lines that end with this piece. What a carriage return went back over is not in them.
    pub(super) fn push(&mut self, piece: &OutputRaw) -> Vec<String> {
        let stream = usize::from(piece.output_type != 0);
        let at = piece.timestamp.map_or_else(Timestamp::default, |time| instant(&time));
        let mut lines = Vec::new();
        for part in piece.line.split_inclusive('\n') {
            let (_, line) = self.open[stream].get_or_insert_with(|| (at, String::new()));
            if line.len() + part.len() <= MAX_LINE {
                line.push_str(part);
            }
            if part.ends_with('\n') {
                lines.extend(self.end(stream));
            }
        }
        lines
    }

    /// What never ended.
    pub(super) fn finish(&mut self) -> Vec<String> {
        [0, 1].into_iter().filter_map(|stream| self.end(stream)).collect()
    }

    fn end(&mut self, stream: usize) -> Option<String> {
        let (at, line) = self.open.get_mut(stream)?.take()?;
        let line = line.trim_end_matches(['\r', '\n']);
        let shown = line.rsplit('\r').next().unwrap_or_default();
        let level = if stream == 0 { "ERROR " } else { "" };
        let at = at.rfc3339();
        Some(format!("{level}{} {shown}", at.trim_end_matches('Z')))
    }
}

/// To the millisecond.
pub(super) fn instant(time: &Time) -> Timestamp {
    Timestamp::from_millis(time.seconds.saturating_mul(1000).saturating_add(i64::from(time.nanos) / 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_lines() {
        let piece = |output_type, seconds, line: &str| OutputRaw {
            output_type,
            timestamp: Some(Time { seconds, nanos: 500_000_000 }),
            line: line.to_owned(),
        };
        let mut console = Console::default();
        assert!(console.push(&piece(1, 0, "half")).is_empty());
        assert_eq!(console.push(&piece(0, 1, "bad\n")), ["ERROR 1970-01-01T00:00:01.500 bad"]);
        assert_eq!(
            console.push(&piece(1, 2, " whole\n10%\r20%\r\nrest")),
            ["1970-01-01T00:00:00.500 half whole", "1970-01-01T00:00:02.500 20%"]
        );
        assert_eq!(console.finish(), ["1970-01-01T00:00:02.500 rest"]);
    }
}
