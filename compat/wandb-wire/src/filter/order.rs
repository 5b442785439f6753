//! In which order runs come.

use std::cmp::Ordering;

use trackside_core::{
    Json, Key,
    query::{Order as By, RunField},
};

use super::{Candidate, Field, matching, read};

/// An order: one field, upwards or downwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    field: Field,
    ascending: bool,
}

/// How an order is brought about.
#[derive(Debug, PartialEq)]
pub enum Sorted {
    /// By the store.
    ByStore(Vec<By<RunField>>),
    /// By whoever has read all of them.
    InMemory,
}

impl Order {
    /// Reads `+created_at`, `-summary_metrics.loss` and the like; nothing is the time of creation, upwards.
    pub fn parse(text: Option<&str>) -> Self {
        let text = text.map(str::trim).filter(|text| !text.is_empty()).unwrap_or("+created_at");
        let (name, ascending) = match text.split_at_checked(1) {
            Some(("-", name)) => (name, false),
            Some(("+", name)) => (name, true),
            _ => (text, true),
        };
        Self { field: read::field(name), ascending }
    }

    /// Whether a config or a summary has to be read to tell.
    pub const fn needs_documents(&self) -> bool {
        matches!(self.field, Field::Config(_) | Field::Summary(_))
    }

    /// How it is brought about. Params are texts to a store, so it cannot sort configs; and it knows no signs of life.
    pub fn sorted(&self) -> Sorted {
        let field = match &self.field {
            Field::CreatedAt => Some(RunField::StartedAt),
            Field::DisplayName => Some(RunField::Name),
            Field::User => Some(RunField::User),
            Field::Summary(path) => Key::new(path.as_str()).ok().map(RunField::Metric),
            _ => None,
        };
        match field {
            Some(field) => Sorted::ByStore(vec![By { field, ascending: self.ascending }]),
            None => Sorted::InMemory,
        }
    }

    /// What a run is ordered by.
    pub fn key(&self, candidate: &Candidate<'_>) -> Json {
        candidate.value(&self.field)
    }

    /// The order of two runs by their [keys](Self::key); those that lack the field come last.
    pub fn compare(&self, first: &Json, second: &Json) -> Ordering {
        match (*first == Json::Null, *second == Json::Null) {
            (true, true) => return Ordering::Equal,
            (true, false) => return Ordering::Greater,
            (false, true) => return Ordering::Less,
            (false, false) => {}
        }
        // Numbers come before texts.
        let order = match (matching::number(first), matching::number(second)) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => first.to_string().cmp(&second.to_string()),
        };
        if self.ascending { order } else { order.reverse() }
    }
}
