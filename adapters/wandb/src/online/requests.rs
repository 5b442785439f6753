//! Requests of the file stream.

use std::collections::BTreeMap;

use trackside_wandb_wire::file_stream::{FileStreamRequest, HISTORY, Lines, MAX_REQUEST_BYTES, SUMMARY};

use crate::{line, memory::Memory, rows::Written};

/// Requests that write these rows, none too large; the last says the rest, which may be nothing.
pub(super) fn of(
    rows: &Written,
    summary: Option<String>,
    uploaded: Vec<String>,
    memory: &Memory,
) -> Vec<FileStreamRequest> {
    let mut blocks: Vec<Lines> = Vec::new();
    let mut bytes = MAX_REQUEST_BYTES;
    for (number, row) in (rows.offset..).zip(&rows.rows) {
        let text = line::text(&line::fields(row, memory.started_at));
        bytes += text.len();
        if bytes > MAX_REQUEST_BYTES {
            bytes = text.len();
            blocks.push(Lines { offset: number, content: Vec::new() });
        }
        if let Some(block) = blocks.last_mut() {
            block.content.push(text);
        }
    }
    let history = |lines| FileStreamRequest {
        files: BTreeMap::from([(HISTORY.to_owned(), lines)]),
        ..FileStreamRequest::default()
    };
    let mut requests: Vec<FileStreamRequest> = blocks.into_iter().map(history).collect();
    let mut rest = FileStreamRequest {
        files: BTreeMap::new(),
        uploaded,
        preempting: None,
        complete: memory.exit_code.map(|_| true),
        exitcode: memory.exit_code,
    };
    // A request of its own when the two would be too large together.
    if bytes + summary.as_ref().map_or(0, String::len) <= MAX_REQUEST_BYTES
        && let Some(last) = requests.pop()
    {
        rest.files = last.files;
    }
    if let Some(line) = summary {
        rest.files.insert(SUMMARY.to_owned(), Lines { offset: 0, content: vec![line] });
    }
    requests.push(rest);
    requests
}

/// Two requests that together say the same: the lines of the history halved, or one line apart from the rest. `None`
/// when there is nothing to part.
pub(super) fn halves(mut request: FileStreamRequest) -> Option<(FileStreamRequest, FileStreamRequest)> {
    let mut lines = request.files.remove(HISTORY)?;
    let n_first = lines.content.len().div_ceil(2);
    let content = lines.content.split_off(n_first);
    if !content.is_empty() {
        let second = Lines { offset: lines.offset + n_first as u64, content };
        request.files.insert(HISTORY.to_owned(), second);
    } else if request == FileStreamRequest::default() {
        return None;
    }
    let files = BTreeMap::from([(HISTORY.to_owned(), lines)]);
    Some((FileStreamRequest { files, ..FileStreamRequest::default() }, request))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(offset: u64, lines: &[&str]) -> FileStreamRequest {
        let content = lines.iter().map(|line| (*line).to_owned()).collect();
        let files = BTreeMap::from([(HISTORY.to_owned(), Lines { offset, content })]);
        FileStreamRequest { files, ..FileStreamRequest::default() }
    }

    #[test]
    fn a_request_is_halved_line_by_line_and_says_the_rest_last() {
        let end = FileStreamRequest { complete: Some(true), exitcode: Some(0), ..FileStreamRequest::default() };
        let whole = FileStreamRequest { files: request(7, &["a", "b", "c"]).files, ..end.clone() };
        let (first, second) = halves(whole).unwrap();
        assert_eq!(first, request(7, &["a", "b"]));
        assert_eq!(second, FileStreamRequest { files: request(9, &["c"]).files, ..end.clone() });
        assert_eq!(halves(first), Some((request(7, &["a"]), request(8, &["b"]))));
        assert_eq!(halves(second), Some((request(9, &["c"]), end.clone())));
        assert_eq!((halves(request(9, &["c"])), halves(end)), (None, None));
    }
}
