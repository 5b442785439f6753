//! The tree of conditions, generic over the fields of what is searched.

use crate::Lifecycle;

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Compare {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What a field is held against. A missing value satisfies only `Present(false)`.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// With a number. NaN satisfies only `NotEqual`. A text is the number that it spells; one that spells none counts
    /// as missing.
    Number(Compare, f64),
    /// With a text, byte by byte.
    Text(Compare, String),
    /// With a pattern in which `%` is any text and `_` any one character; nothing is escaped.
    Like {
        /// The pattern.
        pattern: String,
        /// Whether letters are told apart by case; without it ASCII letters are not.
        case_sensitive: bool,
    },
    /// With a regular expression, which may match anywhere in the text. A store says `Invalid` to one it cannot read.
    Matches(String),
    /// With a set of texts.
    OneOf {
        /// The set.
        values: Vec<String>,
        /// Whether the value must lie outside the set.
        negated: bool,
    },
    /// Whether there is a value at all.
    Present(bool),
}

/// A condition over fields of type `F`.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter<F> {
    /// Every one holds; true when empty.
    All(Vec<Filter<F>>),
    /// At least one holds; false when empty.
    Any(Vec<Filter<F>>),
    /// It does not hold.
    Not(Box<Filter<F>>),
    /// One field passes one test.
    Field(F, Test),
}

impl<F> Default for Filter<F> {
    /// The filter that everything passes.
    fn default() -> Self {
        Self::All(Vec::new())
    }
}

impl<F> Filter<F> {
    /// Every leaf, from left to right.
    pub fn fields(&self) -> Vec<(&F, &Test)> {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().flat_map(Self::fields).collect(),
            Self::Not(inner) => inner.fields(),
            Self::Field(field, test) => vec![(field, test)],
        }
    }
}

/// One criterion of an order. Missing values come last in both directions, NaN just before them.
#[derive(Debug, Clone, PartialEq)]
pub struct Order<F> {
    /// What to order by.
    pub field: F,
    /// Smallest first.
    pub ascending: bool,
}

/// Which stages of the life cycle to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum View {
    /// What is in use.
    #[default]
    Active,
    /// What is in the bin.
    Deleted,
    /// Both.
    All,
}

impl View {
    /// The one stage looked at, or `None` for all.
    pub const fn only(self) -> Option<Lifecycle> {
        match self {
            Self::Active => Some(Lifecycle::Active),
            Self::Deleted => Some(Lifecycle::Deleted),
            Self::All => None,
        }
    }
}

/// What to look for and in which order. An empty order is the store's default for what is searched.
#[derive(Debug, Clone, PartialEq)]
pub struct Query<F> {
    /// Which.
    pub filter: Filter<F>,
    /// In which order; ties are broken as each search says.
    pub order: Vec<Order<F>>,
    /// Which stages of the life cycle; ignored where there are none.
    pub view: View,
}

impl<F> Default for Query<F> {
    fn default() -> Self {
        Self { filter: Filter::default(), order: Vec::new(), view: View::default() }
    }
}
