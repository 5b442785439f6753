//! Scalars, written without a message in between: a long run has millions of them.

use crate::append_record;

/// The part of a scalar's record that does not change from point to point.
#[derive(Debug)]
pub struct ScalarTag<'a> {
    tag: &'a str,
    /// Bytes of the message that holds tag and value.
    value: usize,
    /// Bytes of the message around it.
    summary: usize,
}

/// Bytes of the field `simple_value` with its key.
const SIMPLE_VALUE: usize = 5;

impl<'a> ScalarTag<'a> {
    /// For points of this tag.
    pub const fn new(tag: &'a str) -> Self {
        let value = 1 + varint_len(tag.len() as u64) + tag.len() + SIMPLE_VALUE;
        let summary = 1 + varint_len(value as u64) + value;
        Self { tag, value, summary }
    }

    /// Appends the record of one point: `Event{wall_time, step, summary{value{tag, simple_value}}}`.
    pub fn append(&self, out: &mut Vec<u8>, wall_time: f64, step: i64, value: f32) {
        // Negative steps are two's complement on the wire.
        let step = step.cast_unsigned();
        // Protobuf leaves out zero; steps of value 0 read as such all the same.
        let step_len = if step == 0 { 0 } else { 1 + varint_len(step) };
        let length = 9 + step_len + 1 + varint_len(self.summary as u64) + self.summary;
        append_record(out, length, |out| {
            out.push(0x09);
            out.extend_from_slice(&wall_time.to_le_bytes());
            if step != 0 {
                out.push(0x10);
                append_varint(out, step);
            }
            out.push(0x2a);
            append_varint(out, self.summary as u64);
            out.push(0x0a);
            append_varint(out, self.value as u64);
            out.push(0x0a);
            append_varint(out, self.tag.len() as u64);
            out.extend_from_slice(self.tag.as_bytes());
            out.push(0x15);
            out.extend_from_slice(&value.to_le_bytes());
        });
    }
}

const fn varint_len(value: u64) -> usize {
    // Seven bits a byte, at least one byte.
    (70 - (value | 1).leading_zeros() as usize) / 7
}

fn append_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Value, Values, append_message};

    #[test]
    fn the_bytes_are_those_of_the_message() {
        let long = "x".repeat(300);
        for tag in ["loss", "", "a/b ä", &long] {
            for step in [0, 1, 127, 128, i64::MAX, -1, i64::MIN] {
                for value in [0.0, 0.5, f32::INFINITY, -0.0] {
                    let mut expected = Vec::new();
                    let message = Value { tag: tag.to_owned(), metadata: None, value: Some(Values::Simple(value)) };
                    append_message(&mut expected, &Event::value(1.5, step, message));
                    let mut out = Vec::new();
                    ScalarTag::new(tag).append(&mut out, 1.5, step, value);
                    // An empty tag is written although protobuf may leave it out; it reads the same.
                    if !tag.is_empty() {
                        assert_eq!(out, expected, "{tag} {step} {value}");
                    }
                }
            }
        }
    }
}
