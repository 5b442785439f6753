//! Spans: the steps of a trace.

use std::collections::{HashMap, HashSet};

use crate::{Cost, Token, Usage};

/// How a span ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpanStatus {
    /// Nobody said.
    Unset,
    /// Well.
    Ok,
    /// With an error.
    Error,
}

impl SpanStatus {
    /// All, in OpenTelemetry's numbering from 0.
    pub const ALL: [Self; 3] = [Self::Unset, Self::Ok, Self::Error];

    /// The name, as stored and searched for.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unset => "UNSET",
            Self::Ok => "OK",
            Self::Error => "ERROR",
        }
    }

    /// The status of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A step of a trace. The fields are what is searched and counted; the document has everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Unique in its trace: 16 hexadecimal digits.
    pub id: String,
    /// The span it is part of, which need not be there; the root has none.
    pub parent: Option<String>,
    /// Label.
    pub name: String,
    /// What kind of step, e.g. `LLM`.
    pub kind: Option<String>,
    /// How it ended.
    pub status: SpanStatus,
    /// In ns since the epoch.
    pub started_at: i64,
    /// In ns since the epoch.
    pub ended_at: Option<i64>,
    /// Tokens and cost.
    pub usage: Usage,
    /// The model it asked.
    pub model: Option<String>,
    /// Whose model that is.
    pub provider: Option<String>,
    /// All of it as JSON, in the form of the door that took it. Filters look for texts in it.
    pub document: String,
}

/// The place of a span in its tree, and what it used.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanUsage {
    /// Of the span.
    pub id: String,
    /// Of the span it is part of.
    pub parent: Option<String>,
    /// What it used.
    pub usage: Usage,
}

/// What a tree of spans used. Where a span tells, what is below it is part of that already; tokens and cost are told
/// apart. Of tokens the first three are there if any are, of cost all; the rest only where a span has it.
pub fn total_usage(spans: &[SpanUsage]) -> Usage {
    let mut total = Usage::default();
    let tokens = topmost(spans, Usage::has_tokens);
    if !tokens.is_empty() {
        for token in Token::ALL {
            let counted = || tokens.iter().filter_map(|usage| usage.tokens[token.index()]);
            let always = matches!(token, Token::Input | Token::Output | Token::Total);
            if always || counted().next().is_some() {
                total.tokens[token.index()] = Some(counted().fold(0, i64::saturating_add));
            }
        }
    }
    let costs = topmost(spans, Usage::has_cost);
    if !costs.is_empty() {
        for cost in Cost::ALL {
            let sum: f64 = costs.iter().filter_map(|usage| usage.cost[cost.index()]).sum();
            total.cost[cost.index()] = sum.is_finite().then_some(sum);
        }
    }
    total
}

/// What the spans used that tell, and have no span above them that does. A ring of spans tells nothing.
fn topmost(spans: &[SpanUsage], tells: fn(&Usage) -> bool) -> Vec<Usage> {
    let ids: HashSet<&str> = spans.iter().map(|span| span.id.as_str()).collect();
    let mut children: HashMap<&str, Vec<&SpanUsage>> = HashMap::new();
    let mut open: Vec<&SpanUsage> = Vec::new();
    for span in spans {
        match span.parent.as_deref().filter(|parent| ids.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(span),
            None => open.push(span),
        }
    }
    let mut found = Vec::new();
    while let Some(span) = open.pop() {
        if tells(&span.usage) {
            found.push(span.usage);
        } else {
            open.extend(children.remove(span.id.as_str()).unwrap_or_default());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, total: Option<i64>, cost: Option<f64>) -> SpanUsage {
        let mut usage = Usage::default();
        usage.tokens[Token::Total.index()] = total;
        usage.cost[Cost::Input.index()] = cost;
        SpanUsage { id: id.to_owned(), parent: parent.map(str::to_owned), usage }
    }

    #[test]
    fn what_a_parent_tells_is_not_counted_again_below() {
        let spans = [
            span("root", None, None, None),
            span("agent", Some("root"), Some(7), None),
            span("call", Some("agent"), Some(5), Some(0.5)),
            span("other", Some("root"), Some(1), Some(0.25)),
            span("stray", Some("elsewhere"), Some(10), None),
        ];
        let total = total_usage(&spans);
        assert_eq!(total.tokens, [Some(0), Some(0), Some(18), None, None, None]);
        assert_eq!(total.cost, [Some(0.75), Some(0.0), Some(0.0)]);
    }

    #[test]
    fn a_ring_ends_and_nothing_is_nothing() {
        let ring = [span("a", Some("b"), Some(1), None), span("b", Some("a"), Some(1), None)];
        assert_eq!(total_usage(&ring), Usage::default());
        assert_eq!(total_usage(&[]), Usage::default());
    }
}
