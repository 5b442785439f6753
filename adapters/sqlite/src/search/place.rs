//! Where SQL finds the value of a field.

/// An expression, and the row of another table that it needs.
#[derive(Debug)]
pub(super) struct Place {
    /// The value; NULL when it is missing.
    pub(super) value: String,
    /// What it is.
    pub(super) kind: Kind,
    /// What to order by, where that is not the value.
    pub(super) order: Option<&'static str>,
    /// The row it is in, unless that is the row searched.
    pub(super) joined: Option<Joined>,
}

/// What tests a value can be put to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// A number that is NaN where this expression is true.
    NumberOrNan(String),
}

/// Rows of another table that belong to the row searched.
#[derive(Debug)]
pub(super) struct Joined {
    /// The table and its alias.
    pub(super) table: String,
    /// Which of its rows.
    pub(super) on: String,
    /// A further left join that such a row needs; may be empty.
    pub(super) with: String,
    /// Whether there may be several.
    pub(super) many: bool,
}

impl Place {
    /// A text of the row itself.
    pub(super) fn text(column: &str) -> Self {
        Self { value: column.to_owned(), kind: Kind::Text, order: None, joined: None }
    }

    /// A number of the row itself.
    pub(super) fn number(column: &str) -> Self {
        Self { kind: Kind::Number, ..Self::text(column) }
    }

    /// The value of a key in a table of the shape (owner, key, value).
    pub(super) fn key_value(table: &str, alias: &str, owner: &str, key: &str) -> Self {
        let on = format!("{alias}.owner = {owner} AND {alias}.key = {key}");
        Self::text(&format!("{alias}.value")).of(Joined {
            table: format!("{table} AS {alias}"),
            on,
            with: String::new(),
            many: false,
        })
    }

    /// The same in a row of another table.
    pub(super) fn of(self, joined: Joined) -> Self {
        Self { joined: Some(joined), ..self }
    }

    /// The condition that a test of the value is passed; false for a missing value, and never NULL if `test` is
    /// not.
    pub(super) fn passes(&self, test: &str) -> String {
        match &self.joined {
            None => format!("({test})"),
            Some(Joined { table, on, with, .. }) => {
                format!("EXISTS (SELECT 1 FROM {table}{with} WHERE {on} AND {test})")
            }
        }
    }
}
