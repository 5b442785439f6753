//! How a domain type takes its stored form, and lists of such.
//!
//! A form borrows from the domain value on the way out and owns what it read on the way in, so that writing makes
//! no copy and reading makes one.

use std::{borrow::Cow, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, SeqAccess, Visitor},
};

use crate::{Key, KeyValue, LoggedModelId, Result};

/// A domain type with a stored form.
pub(super) trait Stored: Clone + 'static {
    /// A mirror of the type that serde knows.
    type Form<'a>: Serialize + DeserializeOwned;

    /// The form of a value.
    fn form(&self) -> Self::Form<'_>;

    /// The value of a form; fails when the form breaks a rule of the type.
    fn from_form(form: Self::Form<'_>) -> Result<Self>;
}

/// A list of domain values which is written and read element by element.
pub(super) struct List<'a, T: Stored>(pub(super) Cow<'a, [T]>);

impl<'a, T: Stored> List<'a, T> {
    /// A list to be written.
    pub(super) const fn of(values: &'a [T]) -> Self {
        Self(Cow::Borrowed(values))
    }

    /// What was read.
    pub(super) fn into_vec(self) -> Vec<T> {
        self.0.into_owned()
    }
}

impl<T: Stored> Serialize for List<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(T::form))
    }
}

impl<'de, T: Stored> Deserialize<'de> for List<'_, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ListVisitor(PhantomData)).map(|values| Self(Cow::Owned(values)))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Stored> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(form) = seq.next_element::<T::Form<'static>>()? {
            values.push(T::from_form(form).map_err(A::Error::custom)?);
        }
        Ok(values)
    }
}

/// `[key, value]`.
impl Stored for KeyValue {
    type Form<'a> = (Cow<'a, str>, Cow<'a, str>);

    fn form(&self) -> Self::Form<'_> {
        (self.key.as_str().into(), self.value.as_str().into())
    }

    fn from_form((key, value): Self::Form<'_>) -> Result<Self> {
        Self::new(key, value)
    }
}

impl Stored for Key {
    type Form<'a> = Cow<'a, str>;

    fn form(&self) -> Self::Form<'_> {
        self.as_str().into()
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Self::new(form)
    }
}

impl Stored for LoggedModelId {
    type Form<'a> = Cow<'a, str>;

    fn form(&self) -> Self::Form<'_> {
        self.as_str().into()
    }

    fn from_form(form: Self::Form<'_>) -> Result<Self> {
        Self::parse(&form)
    }
}
