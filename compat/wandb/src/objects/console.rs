//! What a program wrote.

use serde_json::{Value, json};
use trackside_core::{LineQuery, NumberedLine, PageRequest, PageToken, Result, Timestamp};
use trackside_wandb_wire::executor::Arguments;

use super::{RunObject, page_info};
use crate::records;

/// Lines of a page where the client does not say, and at most.
const PAGE: usize = 1_000;
const MOST: usize = 10_000;

/// A page of lines, or the last ones.
pub(super) async fn page(run: &RunObject, arguments: &Arguments) -> Result<Value> {
    let service = &run.caller.door.service;
    let end = records::end(run.extents().await?, records::OUTPUT);
    let last = arguments.value("last").map(|_| arguments.size("last", PAGE, MOST) as u64);
    let query = LineQuery {
        run: run.run.info.id.clone(),
        stream: records::key(records::OUTPUT)?,
        writer: None,
        from: last.map_or(0, |last| end.saturating_sub(last)),
        steps: None,
    };
    let limit = if last.is_some() { MOST } else { arguments.size("first", PAGE, MOST) };
    let after = arguments.filled("after").map(PageToken::new);
    let page = service.lines(query, PageRequest { limit, after }).await?;
    let next = page.next.as_ref().map(PageToken::as_str);
    let edges: Vec<Value> = page.items.iter().map(|line| json!({ "cursor": next, "node": node(line) })).collect();
    Ok(json!({ "edges": edges, "pageInfo": page_info(next, next.is_some()), "totalCount": end }))
}

/// A line begins with its time, and with `ERROR` when it went to the other stream.
fn node(line: &NumberedLine) -> Value {
    let text = line.text.as_str();
    let (level, text) = match text.strip_prefix("ERROR ") {
        Some(rest) => ("error", rest),
        None => ("info", text),
    };
    let (time, text) = match text.split_once(' ') {
        Some((time, rest)) if Timestamp::parse(&format!("{time}Z")).is_some() => (Some(format!("{time}Z")), rest),
        _ => (None, text),
    };
    let line_of = json!({
        "number": line.number,
        "timestamp": time,
        "level": level,
        "label": line.writer.as_str(),
        "line": text,
    });
    line_of
}
