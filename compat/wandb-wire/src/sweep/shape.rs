//! How numbers are distributed, and where on a scale from 0 to 1 a number of a distribution stands.

use super::draw::Source;

/// Deviations from the mean that the scale of a bell reaches.
const REACH: f64 = 4.0;
/// The greatest number below 1.
const LAST: f64 = 1.0 - f64::EPSILON / 2.0;

/// A distribution of numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Uniform {
        low: f64,
        high: f64,
    },
    /// The logarithm is uniform within these.
    LogUniform {
        low: f64,
        high: f64,
    },
    /// The logarithm of the inverse is uniform within these.
    InverseLogUniform {
        low: f64,
        high: f64,
    },
    Normal {
        mean: f64,
        deviation: f64,
    },
    LogNormal {
        mean: f64,
        deviation: f64,
    },
}

impl Shape {
    /// A number at random.
    pub(super) fn draw(self, source: &Source) -> f64 {
        match self {
            Self::Uniform { low, high } | Self::LogUniform { low, high } | Self::InverseLogUniform { low, high } => {
                self.unscaled(low + source.uniform(0) * (high - low))
            }
            Self::Normal { mean, deviation } | Self::LogNormal { mean, deviation } => {
                self.unscaled(mean + deviation * source.normal())
            }
        }
    }

    /// Whether all numbers of it are one.
    pub(super) fn is_one(self) -> bool {
        let (from, to) = self.scale();
        from >= to
    }

    /// The number at a place from 0 up to but not 1.
    pub(super) fn at(self, place: f64) -> f64 {
        let (from, to) = self.scale();
        self.unscaled(from + place * (to - from))
    }

    /// The place of a number. None where there is none, as for what is out of bounds; bells have no bounds, and what is far
    /// out stands at the end.
    pub(super) fn place(self, number: f64) -> Option<f64> {
        let scaled = match self {
            Self::Uniform { .. } | Self::Normal { .. } => number,
            Self::LogUniform { .. } | Self::LogNormal { .. } => number.ln(),
            Self::InverseLogUniform { .. } => -number.ln(),
        };
        let (from, to) = self.scale();
        let place = (scaled - from) / (to - from);
        if !place.is_finite() {
            return None;
        }
        match self {
            Self::Normal { .. } | Self::LogNormal { .. } => Some(place.clamp(0.0, LAST)),
            // Logarithms are not exact.
            _ => (-1e-9..=1.0 + 1e-9).contains(&place).then(|| place.clamp(0.0, LAST)),
        }
    }

    /// Where the scale begins and ends.
    fn scale(self) -> (f64, f64) {
        match self {
            Self::Uniform { low, high } | Self::LogUniform { low, high } | Self::InverseLogUniform { low, high } => {
                (low, high)
            }
            Self::Normal { mean, deviation } | Self::LogNormal { mean, deviation } => {
                (mean - REACH * deviation, mean + REACH * deviation)
            }
        }
    }

    fn unscaled(self, scaled: f64) -> f64 {
        match self {
            Self::Uniform { .. } | Self::Normal { .. } => scaled,
            Self::LogUniform { .. } | Self::LogNormal { .. } => scaled.exp(),
            Self::InverseLogUniform { .. } => (-scaled).exp(),
        }
    }
}
