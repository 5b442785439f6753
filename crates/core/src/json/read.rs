//! From text to value.

use super::{Json, MAX_JSON_DEPTH, Object};
use crate::{Error, Result};

/// Reads the one value of a text.
pub(super) fn value(text: &str) -> Result<Json> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.blanks();
    if reader.at < text.len() { Err(reader.refused("there is more behind the value")) } else { Ok(value) }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn refused(&self, why: &str) -> Error {
        Error::invalid(format!("not valid JSON: {why} (at byte {})", self.at))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.peek().is_some_and(|byte| b" \t\n\r".contains(&byte)) {
            self.at += 1;
        }
    }

    /// Passes over a byte if it is the next one behind blanks.
    fn passes(&mut self, byte: u8) -> bool {
        self.blanks();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Result<Json> {
        self.blanks();
        match self.peek() {
            Some(b'{') if depth < MAX_JSON_DEPTH => self.object(depth + 1).map(Json::Object),
            Some(b'[') if depth < MAX_JSON_DEPTH => self.list(depth + 1).map(Json::List),
            Some(b'{' | b'[') => Err(self.refused("it is nested too deeply")),
            Some(b'"') => self.text().map(Json::Text),
            _ => self.word().or_else(|| self.number()).ok_or_else(|| self.refused("a value is expected")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Object> {
        self.at += 1;
        let mut pairs = Vec::new();
        if self.passes(b'}') {
            return Ok(Object::default());
        }
        loop {
            self.blanks();
            if self.peek() != Some(b'"') {
                return Err(self.refused("a key is expected"));
            }
            let key = self.text()?;
            if !self.passes(b':') {
                return Err(self.refused("':' is expected"));
            }
            pairs.push((key, self.value(depth)?));
            if self.passes(b'}') {
                return Ok(pairs.into_iter().collect());
            }
            if !self.passes(b',') {
                return Err(self.refused("',' or '}' is expected"));
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Json>> {
        self.at += 1;
        let mut items = Vec::new();
        if self.passes(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth)?);
            if self.passes(b']') {
                return Ok(items);
            }
            if !self.passes(b',') {
                return Err(self.refused("',' or ']' is expected"));
            }
        }
    }

    fn word(&mut self) -> Option<Json> {
        let words = [
            ("null", Json::Null),
            ("true", Json::Bool(true)),
            ("false", Json::Bool(false)),
            ("NaN", Json::Float(f64::NAN)),
            ("Infinity", Json::Float(f64::INFINITY)),
            ("-Infinity", Json::Float(f64::NEG_INFINITY)),
        ];
        let (word, value) = words.into_iter().find(|(word, _)| self.rest().starts_with(word))?;
        self.at += word.len();
        Some(value)
    }

    fn number(&mut self) -> Option<Json> {
        let rest = self.rest();
        let digits = |from: usize| rest[from..].bytes().take_while(u8::is_ascii_digit).count();
        let sign = usize::from(rest.starts_with('-'));
        let whole = if rest[sign..].starts_with('0') { 1 } else { digits(sign) };
        if whole == 0 {
            return None;
        }
        let integer = sign + whole;
        let mut end = integer;
        if rest[end..].starts_with('.') && digits(end + 1) > 0 {
            end += 1 + digits(end + 1);
        }
        if rest[end..].starts_with(['e', 'E']) {
            let signed = usize::from(rest[end + 1..].starts_with(['+', '-']));
            match digits(end + 1 + signed) {
                0 => {}
                exponent => end += 1 + signed + exponent,
            }
        }
        self.at += end;
        let written = &rest[..end];
        Some(match written {
            "-0" => Json::from(0),
            _ if end == integer => Json::Integer(written.to_owned()),
            _ => Json::Float(written.parse().ok()?),
        })
    }

    fn text(&mut self) -> Result<String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let plain = self.rest().bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)).count();
            text.push_str(&self.rest()[..plain]);
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some(b'\\') => text.push(self.escaped()?),
                Some(_) => return Err(self.refused("a text holds a control character")),
                None => return Err(self.refused("a text does not end")),
            }
        }
    }

    fn escaped(&mut self) -> Result<char> {
        self.at += 1;
        let escape = self.peek();
        self.at += usize::from(escape.is_some_and(|byte| byte.is_ascii()));
        Ok(match escape {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let first = self.unit()?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) && self.rest().starts_with("\\u") {
                    self.at += 2;
                    units.push(self.unit()?);
                }
                let mut decoded = char::decode_utf16(units);
                match (decoded.next(), decoded.next()) {
                    (Some(Ok(c)), None) => c,
                    _ => return Err(self.refused("a text holds half a character")),
                }
            }
            _ => return Err(self.refused("an unknown escape")),
        })
    }

    fn unit(&mut self) -> Result<u16> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.refused("four hexadecimal digits are expected"))?;
        self.at += 4;
        Ok(unit)
    }
}
