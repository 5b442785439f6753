//! Filters as conditions.
//!
//! SQL knows three truth values, the tree two: a leaf may be NULL, which `AND`, `OR` and `WHERE` treat like false;
//! only a negation must tell them apart, and does so by `IS NOT TRUE`.

use trackside_core::{
    Error,
    query::{Compare, Filter, Test},
};

use super::{
    Searchable,
    binds::Binds,
    place::{Kind, Place},
};
use crate::{error::Result, regular_expression};

/// The condition that a filter passes.
pub(super) fn condition<F: Searchable>(filter: &Filter<F>, binds: &mut Binds) -> Result<String> {
    let mut all = |parts: &[Filter<F>]| parts.iter().map(|part| condition(part, binds)).collect::<Result<Vec<_>>>();
    Ok(match filter {
        Filter::All(parts) => join(&all(parts)?, "AND", "TRUE"),
        Filter::Any(parts) => join(&all(parts)?, "OR", "FALSE"),
        Filter::Not(inner) => format!("({} IS NOT TRUE)", condition(inner, binds)?),
        Filter::Field(field, test) => {
            field.check()?;
            leaf(&field.tested("f", binds), test, binds)?
        }
    })
}

/// Filters that all hold where this one does: a filter that is no conjunction alone.
pub(super) fn conjuncts<F>(filter: &Filter<F>) -> Vec<&Filter<F>> {
    match filter {
        Filter::All(parts) => parts.iter().flat_map(conjuncts).collect(),
        _ => vec![filter],
    }
}

/// Halves joined to a balanced tree: SQLite refuses expressions that are nested more than 1000 deep.
fn join(parts: &[String], operator: &str, empty: &str) -> String {
    match parts {
        [] => empty.to_owned(),
        [one] => one.clone(),
        _ => {
            let (left, right) = parts.split_at(parts.len() / 2);
            format!("({} {operator} {})", join(left, operator, empty), join(right, operator, empty))
        }
    }
}

/// The condition that a value passes a test.
pub(super) fn leaf(place: &Place, test: &Test, binds: &mut Binds) -> Result<String> {
    let value = &place.value;
    let passed = match (&place.kind, test) {
        (_, Test::Present(true)) => format!("{value} IS NOT NULL"),
        (_, Test::Present(false)) => return Ok(format!("(NOT {})", place.passes(&format!("{value} IS NOT NULL")))),
        (Kind::Text, Test::Text(compare, text)) => {
            format!("{value} {} {}", operator(*compare), binds.bind(text.clone()))
        }
        // LIKE folds ASCII letters and nothing else, GLOB folds nothing.
        (Kind::Text, Test::Like { pattern, case_sensitive: false }) => {
            format!("{value} LIKE {}", binds.bind(pattern.clone()))
        }
        (Kind::Text, Test::Like { pattern, case_sensitive: true }) => {
            format!("{value} GLOB {}", binds.bind(glob(pattern)))
        }
        (Kind::Text, Test::Matches(pattern)) => {
            regular_expression::check(pattern)?;
            format!("regexp({}, {value})", binds.bind(pattern.clone()))
        }
        (Kind::Text, Test::OneOf { values, negated }) => {
            format!("{value} {}IN {}", if *negated { "NOT " } else { "" }, binds.bind_set(values))
        }
        (Kind::Number | Kind::NumberOrNan(_), Test::Number(compare, number)) => {
            compare_number(place, *compare, *number, binds)
        }
        // A text that is no number compares like a missing value.
        (Kind::Text, Test::Number(compare, number)) => {
            let number_in = Place::number(&format!("number_in({value})"));
            compare_number(&number_in, *compare, *number, binds)
        }
        (_, Test::Text(..) | Test::Like { .. } | Test::Matches(_) | Test::OneOf { .. }) => {
            return Err(Error::invalid("a number cannot be compared with a text").into());
        }
    };
    Ok(place.passes(&passed))
}

/// As IEEE 754 has it: NaN, on either side, differs from everything and is neither less nor greater.
fn compare_number(place: &Place, compare: Compare, number: f64, binds: &mut Binds) -> String {
    let value = &place.value;
    if number.is_nan() {
        return if compare == Compare::NotEqual { format!("{value} IS NOT NULL") } else { "FALSE".to_owned() };
    }
    let compared = format!("{value} {} {}", operator(compare), binds.bind(number));
    match (&place.kind, compare) {
        (Kind::NumberOrNan(is_nan), Compare::NotEqual) => format!("({is_nan} OR {compared})"),
        (Kind::NumberOrNan(is_nan), _) => format!("(NOT {is_nan} AND {compared})"),
        _ => compared,
    }
}

pub(super) const fn operator(compare: Compare) -> &'static str {
    match compare {
        Compare::Equal => "=",
        Compare::NotEqual => "<>",
        Compare::Less => "<",
        Compare::LessOrEqual => "<=",
        Compare::Greater => ">",
        Compare::GreaterOrEqual => ">=",
    }
}

/// The GLOB pattern for a LIKE pattern: `*` for `%`, `?` for `_`, and what is special to GLOB alone in brackets.
fn glob(like: &str) -> String {
    let mut glob = String::with_capacity(like.len());
    for c in like.chars() {
        match c {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '*' | '?' | '[' => glob.extend(['[', c, ']']),
            _ => glob.push(c),
        }
    }
    glob
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter};
    use trackside_core::query::RunField;

    use super::*;

    fn holds(text: &str, pattern: &str, case_sensitive: bool) -> bool {
        let mut binds = Binds::default();
        let place = Place::text(&binds.bind(text.to_owned()));
        let like = Test::Like { pattern: pattern.to_owned(), case_sensitive };
        let sql = format!("SELECT {}", leaf(&place, &like, &mut binds).unwrap());
        let connection = Connection::open_in_memory().unwrap();
        connection.query_row(&sql, params_from_iter(binds.values()), |row| row.get(0)).unwrap()
    }

    #[test]
    fn like_tells_case_apart_and_ilike_folds_ascii_only() {
        assert!(holds("Adam", "A%m", true) && !holds("adam", "A%", true));
        assert!(holds("ADAM", "_dam", false));
        assert!(holds("Ärger", "Ä%", false) && !holds("ärger", "Ä%", false));
        assert!(holds("ä", "_", true) && holds("ä", "_", false), "one character, two bytes");
    }

    #[test]
    fn nothing_but_percent_and_underscore_is_special() {
        for text in ["*", "?", "[a]", "[^a]", "]", "a-z", "\\", "'"] {
            for case_sensitive in [true, false] {
                assert!(holds(text, text, case_sensitive), "{text}");
                assert!(!holds("a", text, case_sensitive), "{text}");
            }
        }
    }

    #[test]
    fn a_thousand_conditions_are_not_too_deep() {
        let one = || Filter::Field(RunField::Id, Test::Text(Compare::Equal, "x".to_owned()));
        let filter = Filter::All((0..3000).map(|_| one()).collect());
        let mut binds = Binds::default();
        let sql = format!("SELECT {} FROM (SELECT 'x' AS id) AS run", condition(&filter, &mut binds).unwrap());
        let connection = Connection::open_in_memory().unwrap();
        assert!(connection.query_row(&sql, params_from_iter(binds.values()), |row| row.get::<_, bool>(0)).unwrap());
    }

    #[test]
    fn a_test_of_the_wrong_kind_is_refused() {
        let filter = Filter::Field(RunField::StartedAt, Test::Text(Compare::Equal, "x".to_owned()));
        assert!(condition(&filter, &mut Binds::default()).is_err());
    }
}
