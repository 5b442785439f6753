//! Tokens of pages: where the last row of a page stands in the order.
//!
//! Rows that come in between neither hide others nor make them appear twice. A token is a JSON array of texts: the
//! version, a mark of the order that it belongs to, and a rung for each criterion; without rungs it is the beginning.

use std::fmt::Debug;

use trackside_core::{Page, PageToken, fault};

use super::rung::Rung;
use crate::error::Result;

const VERSION: &str = "1";

/// Whose tokens they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mark(String);

impl Mark {
    /// Of an order of this kind of things. Another release may spell it differently and refuse the token.
    pub(super) fn of(kind: &str, order: &impl Debug) -> Self {
        // FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv: a mistake is to be noticed, not malice.
        let text = format!("{kind} {order:?}");
        let hash = text
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        Self(format!("{hash:016x}"))
    }
}

/// A row as a search finds it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) key: i64,
    /// One per criterion of the order.
    pub(super) rungs: Vec<Rung>,
}

/// Where a token leads to: behind a row, or to the beginning. `Invalid` when it is not ours.
pub(super) fn parse(token: Option<&PageToken>, mark: &Mark, n_terms: usize) -> Result<Option<Vec<Rung>>> {
    let Some(token) = token else { return Ok(None) };
    let parts: Option<Vec<String>> = serde_json::from_str(token.as_str()).ok();
    let rungs: Option<Vec<Rung>> = parts.and_then(|parts| match &parts[..] {
        [version, owner, rungs @ ..] if version == VERSION && *owner == mark.0 => {
            rungs.iter().map(|rung| read(rung)).collect()
        }
        _ => None,
    });
    match rungs {
        Some(rungs) if rungs.is_empty() => Ok(None),
        Some(rungs) if rungs.len() == n_terms => Ok(Some(rungs)),
        _ => Err(fault::invalid_page_token().into()),
    }
}

/// The page that these rows make, one more than it may hold if there is a next one.
pub(super) fn page(mut rows: Vec<Found>, limit: usize, mark: &Mark, after: Option<&[Rung]>) -> Page<i64> {
    let has_next = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map_or(after.unwrap_or_default(), |row| &row.rungs);
    let next = has_next.then(|| token(mark, last));
    Page { items: rows.into_iter().map(|row| row.key).collect(), next }
}

fn token(mark: &Mark, rungs: &[Rung]) -> PageToken {
    let parts = [VERSION.to_owned(), mark.0.clone()].into_iter().chain(rungs.iter().map(write));
    PageToken::new(serde_json::Value::from(parts.collect::<Vec<_>>()).to_string())
}

fn write(rung: &Rung) -> String {
    match rung {
        Rung::Integer(number) => format!("i{number}"),
        Rung::Real(number) => format!("r{:016x}", number.to_bits()),
        Rung::Text(text) => format!("t{text}"),
        Rung::Nan => "n".to_owned(),
        Rung::Missing => "m".to_owned(),
    }
}

fn read(text: &str) -> Option<Rung> {
    let (kind, rest) = text.split_at_checked(1)?;
    Some(match kind {
        "i" => Rung::Integer(rest.parse().ok()?),
        "r" => Rung::Real(Some(f64::from_bits(u64::from_str_radix(rest, 16).ok()?)).filter(|number| !number.is_nan())?),
        "t" => Rung::Text(rest.to_owned()),
        "n" => Rung::Nan,
        "m" => Rung::Missing,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rungs() -> Vec<Rung> {
        let texts = ["", "ä\"\\\u{0}", "1"].map(|text| Rung::Text(text.to_owned()));
        let numbers = [0.1, -0.0, f64::INFINITY, 5e-324].map(Rung::Real);
        let others = [Rung::Integer(i64::MIN), Rung::Nan, Rung::Missing];
        texts.into_iter().chain(numbers).chain(others).collect()
    }

    #[test]
    fn tokens_lead_back_to_where_they_come_from() {
        let (rungs, mark) = (rungs(), Mark::of("run", &"order"));
        let there = |token: &PageToken, n| parse(Some(token), &mark, n).unwrap();
        assert_eq!(there(&token(&mark, &rungs), rungs.len()), Some(rungs));
        assert_eq!(there(&token(&mark, &[]), 3), None, "the beginning");
    }

    #[test]
    fn only_our_own_tokens_of_the_same_order_are_taken() {
        let mark = Mark::of("run", &"order");
        let good = token(&mark, &[Rung::Integer(1)]);
        assert!(parse(Some(&good), &mark, 2).is_err() && parse(Some(&good), &Mark::of("run", &"other"), 1).is_err());
        let nan = token(&mark, &[Rung::Real(f64::NAN)]);
        for bad in ["", "1", "[]", "[\"1\"]", "{}", "[1]", nan.as_str(), &good.as_str().replace("\"i", "\"ä")] {
            assert!(parse(Some(&PageToken::new(bad)), &mark, 1).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_empty_page_still_tells_that_something_follows() {
        let mark = Mark::of("run", &"order");
        let row = Found { key: 7, rungs: vec![Rung::Integer(1)] };
        assert_eq!(page(vec![row], 0, &mark, None), Page { items: vec![], next: Some(token(&mark, &[])) });
        assert_eq!(page(vec![], 0, &mark, None).next, None);
    }
}
