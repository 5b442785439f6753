//! MLflow's texts as W&B's typed values.
//!
//! A client that logs `lr=0.001` through MLflow leaves the text that Python prints. In W&B a number is wanted, to
//! sort and filter by. A text becomes a typed value only where Python prints that value as exactly this text, so
//! that nothing is lost: `0.10`, `+1`, `1e5` and `true` stay texts.

use serde_json::Value;

/// Largest whole number that every reader of JSON keeps.
const MAX_EXACT: i64 = 1 << 53;

/// The value that a param's text stands for.
pub fn typed(text: &str) -> Value {
    match text {
        "True" => Value::Bool(true),
        "False" => Value::Bool(false),
        "None" => Value::Null,
        _ => integer(text).or_else(|| double(text)).unwrap_or_else(|| text.into()),
    }
}

/// The text that [`typed`] made this value of; lists and objects as JSON.
pub fn untyped(value: &Value) -> String {
    match value {
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Null => "None".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => number.as_f64().map(python_float).unwrap_or_default(),
        other => other.to_string(),
    }
}

fn integer(text: &str) -> Option<Value> {
    let number: i64 = text.parse().ok()?;
    ((-MAX_EXACT..=MAX_EXACT).contains(&number) && number.to_string() == text).then(|| number.into())
}

fn double(text: &str) -> Option<Value> {
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && python_float(number) == text).then(|| number.into())
}

/// A finite double as Python prints it: the shortest digits, with an exponent from 1e16 and below 1e-4.
fn python_float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let (digits, exponent) = scientific.split_once('e').expect("the format writes an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a small integer");
    if (-4..16).contains(&exponent) || number == 0.0 {
        let plain = number.to_string();
        if plain.contains('.') { plain } else { plain + ".0" }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{digits}e{sign}{:02}", exponent.abs())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_python_prints_is_typed() {
        for (text, value) in [
            ("3", json!(3)),
            ("-7", json!(-7)),
            ("0.001", json!(0.001)),
            ("1e-05", json!(1e-5)),
            ("1.5e+16", json!(1.5e16)),
            ("-0.0", json!(-0.0)),
            ("100000.0", json!(100_000.0)),
            ("True", json!(true)),
            ("None", json!(null)),
        ] {
            assert_eq!(typed(text), value, "{text}");
            assert_eq!(untyped(&value), text);
        }
    }

    #[test]
    fn what_would_not_come_back_the_same_stays_a_text() {
        for text in [
            "",
            "007",
            "+1",
            "1.10",
            "1e5",
            "1E-05",
            " 1",
            "nan",
            "inf",
            "-0",
            "true",
            "[1]",
            "9007199254740993",
            "1_0",
        ] {
            assert_eq!(typed(text), json!(text));
        }
    }
}
