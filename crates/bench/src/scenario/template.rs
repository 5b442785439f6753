//! Request bodies that differ by a number only.

use bytes::Bytes;

/// What the number replaces: as many digits, so that nothing moves.
const MARK: &[u8] = b"########";

/// A body with a number of eight digits in some places. Rendering one costs a copy of the body and eight bytes per
/// place; numbers are not formatted again for each of a thousand points.
#[derive(Debug)]
pub(crate) struct Template {
    body: Vec<u8>,
    places: Vec<usize>,
}

impl Template {
    /// Each `########` in `text` is a place for the number.
    pub(crate) fn new(text: String) -> Self {
        let body = text.into_bytes();
        let places = (0..body.len()).filter(|&start| body[start..].starts_with(MARK)).collect();
        Self { body, places }
    }

    /// The body with `number`, of which the last eight digits are used.
    pub(crate) fn render(&mut self, number: u64) -> Bytes {
        let mut digits = [b'0'; MARK.len()];
        let mut rest = number;
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789"[usize::try_from(rest % 10).unwrap_or(0)];
            rest /= 10;
        }
        for &start in &self.places {
            self.body[start..start + digits.len()].copy_from_slice(&digits);
        }
        Bytes::copy_from_slice(&self.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_becomes_the_number() {
        let mut template = Template::new("a1########,b########.5#".to_owned());
        assert_eq!(template.render(0), "a100000000,b00000000.5#");
        assert_eq!(template.render(12_345), "a100012345,b00012345.5#");
    }
}
