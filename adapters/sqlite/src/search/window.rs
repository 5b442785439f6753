//! Which rows of a result make a page, and the token for the next one.
//!
//! A token is the number of rows before the page, in decimal. Rows that come in between shift later pages.

use trackside_core::{Page, PageToken, fault};

use crate::error::Result;

/// A stretch of the rows of a query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    offset: i64,
    /// `None` for all.
    limit: Option<usize>,
}

impl Window {
    /// `Invalid` when the token is none of ours.
    pub(crate) fn new(limit: Option<usize>, after: Option<&PageToken>) -> Result<Self> {
        Ok(Self { limit, offset: after.map_or(Ok(0), offset)? })
    }

    /// For `LIMIT`: one row more than the page holds, to see whether there is a next one.
    pub(crate) fn rows(self) -> i64 {
        // SQLite takes a negative limit for none.
        self.limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1))
    }

    /// For `OFFSET`.
    pub(crate) fn offset(self) -> i64 {
        self.offset
    }

    /// The page that those rows make.
    pub(crate) fn page<T>(self, mut rows: Vec<T>) -> Page<T> {
        let next = match self.limit {
            Some(limit) if rows.len() > limit => {
                rows.truncate(limit);
                let limit = i64::try_from(limit).unwrap_or(i64::MAX);
                Some(PageToken::new(self.offset.saturating_add(limit).to_string()))
            }
            _ => None,
        };
        Page { items: rows, next }
    }
}

fn offset(token: &PageToken) -> Result<i64> {
    let digits = !token.as_str().is_empty() && token.as_str().bytes().all(|byte| byte.is_ascii_digit());
    let offset = token.as_str().parse().ok().filter(|_| digits);
    Ok(offset.ok_or_else(fault::invalid_page_token)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tokens_are_taken() {
        for bad in ["", "-1", "+1", " 1", "x", "99999999999999999999"] {
            assert!(Window::new(None, Some(&PageToken::new(bad))).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_empty_page_still_tells_that_something_follows() {
        let window = Window::new(Some(0), None).unwrap();
        assert_eq!(window.rows(), 1);
        assert_eq!(window.page(vec![7]), Page { items: vec![], next: Some(PageToken::new("0")) });
        assert_eq!(window.page(Vec::<i64>::new()).next, None);
    }
}
