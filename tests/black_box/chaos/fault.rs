//! What may become of a request on its way to a destination.

use crate::chaos::dice::Dice;

/// A way to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The connection is closed before anything is read.
    Refuse,
    /// Nothing is done and nothing is said.
    Hang,
    /// 429, half of the time with `Retry-After`.
    Throttle,
    Answer500,
    Answer503,
    /// 413, for every body above [`LARGEST_BODY`] until that limit is lifted.
    TooLarge,
    /// The destination gets half of the request.
    CutRequest,
    /// It is done; half of the answer arrives.
    CutAnswer,
    /// It is done; no answer arrives.
    DropAnswer,
    /// It is done, and answered with 502.
    ActAndFail,
    /// It is done; the answer never comes, and the connection stays open.
    ActAndHang,
}

/// Bodies above this are answered with 413. What cannot be halved must be smaller: the load keeps to that.
pub(crate) const LARGEST_BODY: usize = 6 * 1024;

/// Every way.
pub(crate) const FAULTS: [Fault; 11] = [
    Fault::Refuse,
    Fault::Hang,
    Fault::Throttle,
    Fault::Answer500,
    Fault::Answer503,
    Fault::TooLarge,
    Fault::CutRequest,
    Fault::CutAnswer,
    Fault::DropAnswer,
    Fault::ActAndFail,
    Fault::ActAndHang,
];

impl Fault {
    /// In about one of nine requests.
    pub(crate) fn choose(dice: &mut Dice) -> Option<Self> {
        Some(match dice.below(180) {
            0..2 => Self::Refuse,
            2 => Self::Hang,
            3 => Self::ActAndHang,
            4..6 => Self::Throttle,
            6..8 => Self::Answer500,
            8..10 => Self::Answer503,
            10..13 => Self::CutRequest,
            13..16 => Self::CutAnswer,
            16..18 => Self::DropAnswer,
            18..20 => Self::ActAndFail,
            _ => return None,
        })
    }
}
