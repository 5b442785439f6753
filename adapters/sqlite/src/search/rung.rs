//! Where a row stands in one criterion of an order.

use std::cmp::Ordering;

use rusqlite::{
    Row,
    types::{FromSqlError, Type, Value, ValueRef},
};

/// A value that is ordered by.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Rung {
    Integer(i64),
    Real(f64),
    Text(String),
    Nan,
    Missing,
}

impl Rung {
    /// From two columns: whether it is NaN, and the value.
    pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<Self> {
        if row.get::<_, Option<bool>>(first)? == Some(true) {
            return Ok(Self::Nan);
        }
        Ok(match row.get_ref(first + 1)? {
            ValueRef::Null => Self::Missing,
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            text @ ValueRef::Text(_) => Self::Text(text.as_str()?.to_owned()),
            ValueRef::Blob(_) => {
                let error = Box::new(FromSqlError::InvalidType);
                return Err(rusqlite::Error::FromSqlConversionFailure(first + 1, Type::Blob, error));
            }
        })
    }

    /// To be bound; `None` for what is no value.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Integer(number) => Some(Value::Integer(*number)),
            Self::Real(number) => Some(Value::Real(*number)),
            Self::Text(text) => Some(Value::Text(text.clone())),
            Self::Nan | Self::Missing => None,
        }
    }

    /// NaN and missing values last in both directions.
    pub(super) fn order(&self, other: &Self, ascending: bool) -> Ordering {
        let values = match (self, other) {
            (Self::Integer(a), Self::Integer(b)) => a.cmp(b),
            (Self::Real(a), Self::Real(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => return self.rank().cmp(&other.rank()),
        };
        if ascending { values } else { values.reverse() }
    }

    const fn rank(&self) -> u8 {
        match self {
            Self::Integer(_) | Self::Real(_) | Self::Text(_) => 0,
            Self::Nan => 1,
            Self::Missing => 2,
        }
    }
}
