//! Tables of filters with what they mean, shared by the tests of all searches.

use std::fmt::Debug;

use trackside_core::{
    ErrorKind, Result,
    query::{Compare, Filter, Test},
};

/// Each filter is the conjunction of these conditions.
pub(super) fn assert_trees<F: Debug + Clone + PartialEq>(
    parse: impl Fn(&str) -> Result<Filter<F>>,
    table: &[(&str, &[(F, Test)])],
) {
    for (filter, conditions) in table {
        let leaves = conditions.iter().cloned().map(|(field, test)| Filter::Field(field, test));
        assert_eq!(parse(filter).expect(filter), Filter::All(leaves.collect()), "{filter}");
    }
}

/// Each filter is invalid with this message.
pub(super) fn assert_messages<F: Debug>(parse: impl Fn(&str) -> Result<Filter<F>>, table: &[(&str, &str)]) {
    for (filter, message) in table {
        let error = parse(filter).expect_err(filter);
        assert_eq!((error.kind(), error.message()), (ErrorKind::Invalid, *message), "{filter}");
    }
}

pub(super) fn text(compare: Compare, text: &str) -> Test {
    Test::Text(compare, text.to_owned())
}

pub(super) fn number(compare: Compare, number: f64) -> Test {
    Test::Number(compare, number)
}

pub(super) fn like(pattern: &str, case_sensitive: bool) -> Test {
    Test::Like { pattern: pattern.to_owned(), case_sensitive }
}

pub(super) fn one_of(values: &[&str], negated: bool) -> Test {
    Test::OneOf { values: values.iter().map(|value| (*value).to_owned()).collect(), negated }
}
