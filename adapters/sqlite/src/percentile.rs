//! Percentiles in SQL: `percentile(value, percent)`, interpolated between neighbours, as PostgreSQL's `percentile_cont`.

use rusqlite::{
    Connection,
    functions::{Aggregate, Context, FunctionFlags},
};

use crate::error::Result;

/// Makes the function known to a connection.
pub(crate) fn register(connection: &Connection) -> Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_DIRECTONLY;
    connection.create_aggregate_function("percentile", 2, flags, Percentile)?;
    Ok(())
}

struct Percentile;

/// The values of a group, 8 bytes each, and which percentile is asked for.
type Values = (Vec<f64>, f64);

impl Aggregate<Values, Option<f64>> for Percentile {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Values> {
        Ok((Vec::new(), 0.0))
    }

    fn step(&self, context: &mut Context<'_>, (values, percent): &mut Values) -> rusqlite::Result<()> {
        *percent = context.get(1)?;
        if let Some(value) = context.get(0)? {
            values.push(value);
        }
        Ok(())
    }

    fn finalize(&self, _: &mut Context<'_>, values: Option<Values>) -> rusqlite::Result<Option<f64>> {
        Ok(values.and_then(|(values, percent)| percentile(values, percent)))
    }
}

fn percentile(mut values: Vec<f64>, percent: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a place among values that fit into memory")]
    let place = percent.clamp(0.0, 100.0) / 100.0 * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last")]
    let below = (place.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = place - place.floor();
    Some(values[below] + (values[above] - values[below]) * part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let of = |values: &[f64], percent| percentile(values.to_vec(), percent);
        assert_eq!(of(&[], 50.0), None);
        assert_eq!(of(&[7.0], 99.0), Some(7.0));
        for (percent, expected) in [(0.0, 1.0), (25.0, 1.75), (50.0, 2.5), (100.0, 4.0)] {
            assert_eq!(of(&[4.0, 1.0, 3.0, 2.0], percent), Some(expected), "{percent}");
        }
    }

    #[test]
    fn sql_knows_them() {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        let sql = "SELECT percentile(value, ?1) FROM json_each(?2)";
        let median =
            |values: &str| -> Option<f64> { connection.query_row(sql, (50, values), |row| row.get(0)).unwrap() };
        assert_eq!(median("[1, null, 4]"), Some(2.5));
        assert_eq!(median("[]"), None);
    }
}
