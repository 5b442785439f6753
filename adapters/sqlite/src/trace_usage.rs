//! Tokens and cost: nine columns that traces and spans have alike.

use rusqlite::{Row, types::Value};
use trackside_core::{Cost, Token, Usage};

/// The columns, those of tokens first.
pub(crate) const COLUMNS: &str = "input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_creation_tokens, \
                                  cache_creation_long_tokens, input_cost, output_cost, total_cost";

/// The column of a count.
pub(crate) const fn token(token: Token) -> &'static str {
    match token {
        Token::Input => "input_tokens",
        Token::Output => "output_tokens",
        Token::Total => "total_tokens",
        Token::CacheRead => "cache_read_tokens",
        Token::CacheCreation => "cache_creation_tokens",
        Token::CacheCreationLong => "cache_creation_long_tokens",
    }
}

/// The column of a cost.
pub(crate) const fn cost(cost: Cost) -> &'static str {
    match cost {
        Cost::Input => "input_cost",
        Cost::Output => "output_cost",
        Cost::Total => "total_cost",
    }
}

/// From a row that has the columns.
pub(crate) fn read(row: &Row<'_>) -> rusqlite::Result<Usage> {
    let mut usage = Usage::default();
    for kind in Token::ALL {
        usage.tokens[kind.index()] = row.get(token(kind))?;
    }
    for kind in Cost::ALL {
        usage.cost[kind.index()] = row.get(cost(kind))?;
    }
    Ok(usage)
}

/// What to bind to the columns.
pub(crate) fn values(usage: &Usage) -> impl Iterator<Item = Value> {
    usage.tokens.into_iter().map(Value::from).chain(usage.cost.into_iter().map(Value::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_are_in_the_order_of_the_counts() {
        let columns: Vec<_> = Token::ALL.map(token).into_iter().chain(Cost::ALL.map(cost)).collect();
        assert_eq!(columns.join(", "), COLUMNS);
    }
}
