//! Scalars as MLflow's clients spell them, which is more ways than one.
//!
//! Protobuf's JSON mapping as MLflow applies it (`utils/proto_json_utils.py`, 3.17.2): 64-bit integers come as
//! numbers, integral floats or decimal strings (Java and R send strings) and go as numbers; doubles come as numbers
//! or strings, among them `NaN` and `Infinity`, and go as numbers, NaN as a string and infinities as the largest
//! finite double. Query strings hold only text, so everything is accepted as text as well.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A 64-bit integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Int(pub i64);

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IntVisitor;
        impl Visitor<'_> for IntVisitor {
            type Value = Int;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a 64-bit integer")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Int, E> {
                Ok(Int(value))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Int, E> {
                i64::try_from(value).map(Int).map_err(|_| E::custom("too large for a 64-bit integer"))
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Int, E> {
                // Both bounds are exact doubles; the upper one is the first that does not fit.
                let fits = value.fract() == 0.0
                    && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value);
                #[expect(clippy::cast_possible_truncation, reason = "checked to be integral and in range")]
                fits.then_some(Int(value as i64)).ok_or_else(|| E::custom("not an integer"))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Int, E> {
                Ok(Int(value.into()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Int, E> {
                value.trim().parse().map(Int).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(IntVisitor)
    }
}

/// A double.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Double(pub f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_nan() {
            serializer.serialize_str("NaN")
        } else {
            serializer.serialize_f64(self.0.clamp(f64::MIN, f64::MAX))
        }
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DoubleVisitor;
        impl Visitor<'_> for DoubleVisitor {
            type Value = Double;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            #[expect(clippy::cast_precision_loss, reason = "a double is what the field is")]
            fn visit_i64<E>(self, value: i64) -> Result<Double, E> {
                Ok(Double(value as f64))
            }

            #[expect(clippy::cast_precision_loss, reason = "a double is what the field is")]
            fn visit_u64<E>(self, value: u64) -> Result<Double, E> {
                Ok(Double(value as f64))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Double, E> {
                Ok(Double(value))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Double, E> {
                Ok(Double(value.into()))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Double, E> {
                // Rust reads nan, inf and infinity in any case and with a sign, as MLflow does.
                value.trim().parse().map(Double).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(DoubleVisitor)
    }
}

/// Reads a double; an empty text counts as none.
pub(crate) fn double_or_blank<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Double>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Spelling<'a> {
        Double(Double),
        Other(Option<&'a str>),
    }
    match Spelling::deserialize(deserializer)? {
        Spelling::Double(value) => Ok(Some(value)),
        Spelling::Other(None | Some("")) => Ok(None),
        Spelling::Other(Some(_)) => Err(de::Error::custom("not a number")),
    }
}

/// A boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flag(pub bool);

impl Serialize for Flag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(self.0)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagVisitor;
        impl Visitor<'_> for FlagVisitor {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("'true' or 'false'")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Flag, E> {
                if value.eq_ignore_ascii_case("true") {
                    Ok(Flag(true))
                } else if value.eq_ignore_ascii_case("false") {
                    Ok(Flag(false))
                } else {
                    Err(E::custom(format!("invalid boolean value: {value}, must be 'true' or 'false'")))
                }
            }
        }
        deserializer.deserialize_any(FlagVisitor)
    }
}

/// A value of an enumeration: its name, or its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Choice {
    /// By name.
    Name(String),
    /// By number.
    Number(i64),
}

impl Choice {
    /// The value among `names`, which are numbered from one. An unknown name or number is no value at all: MLflow
    /// ignores such fields.
    pub fn among<T: Copy, const N: usize>(&self, names: [(&str, T); N]) -> Option<T> {
        match self {
            Self::Name(name) => names.iter().find(|(known, _)| known == name).map(|(_, value)| *value),
            Self::Number(number) => {
                usize::try_from(*number).ok()?.checked_sub(1).and_then(|at| names.get(at)).map(|(_, value)| *value)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ChoiceVisitor;
        impl Visitor<'_> for ChoiceVisitor {
            type Value = Choice;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name or number of a value")
            }

            fn visit_i64<E>(self, value: i64) -> Result<Choice, E> {
                Ok(Choice::Number(value))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Choice, E> {
                Ok(Choice::Number(i64::try_from(value).unwrap_or(i64::MAX)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Choice, E> {
                Ok(value.parse().map_or_else(|_| Choice::Name(value.to_owned()), Choice::Number))
            }
        }
        deserializer.deserialize_any(ChoiceVisitor)
    }
}

/// A list of texts. A query string may give it as a single parameter, see [`crate::request::from_query`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Texts(pub Vec<String>);

impl Serialize for Texts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(|texts| Self(texts.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_string};

    use super::*;

    #[test]
    fn integers_come_in_four_spellings() {
        for spelling in [json!(5), json!(5.0), json!("5"), json!(" 5 ")] {
            assert_eq!(from_value::<Int>(spelling).unwrap(), Int(5));
        }
        assert_eq!(from_value::<Int>(json!("-9223372036854775808")).unwrap(), Int(i64::MIN));
        for bad in [json!(1.5), json!("x"), json!(9_223_372_036_854_775_808_u64), json!(1e300), json!([]), json!(null)]
        {
            assert!(from_value::<Int>(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn doubles_round_trip_but_infinities_are_cut() {
        assert!(from_value::<Double>(json!("NaN")).unwrap().0.is_nan());
        assert_eq!(from_value::<Double>(json!("-Infinity")).unwrap(), Double(f64::NEG_INFINITY));
        assert_eq!(to_string(&Double(f64::NAN)).unwrap(), "\"NaN\"");
        assert_eq!(to_string(&Double(f64::INFINITY)).unwrap(), "1.7976931348623157e+308");
        assert_eq!(to_string(&Double(1.0)).unwrap(), "1.0");
        assert!(from_value::<Double>(json!("x")).is_err());
    }
}
