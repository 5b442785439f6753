//! Event files: their names, their first record, and reading them with tolerance.
//!
//! Files of one run are read in the order of their names, so the name begins with a time; anything with `tfevents`
//! in its name counts. A file without version is read in another way by old readers.

use prost::Message;
use trackside_core::Timestamp;

use crate::{Event, Frame, SourceMetadata, What, frame, wall_time};

/// What the first record of a file says.
pub const FILE_VERSION: &str = "brain.Event:2";

/// `events.out.tfevents.<10 digits of seconds>.<host>.<counter>`. The host is letters, digits, `_`, `-` and `.`.
/// Times that do not fit in ten digits are cut off there.
pub fn file_name(begun: Timestamp, host: &str, counter: u32) -> String {
    let seconds = begun.millis().div_euclid(1_000).clamp(0, 9_999_999_999);
    format!("events.out.tfevents.{seconds:010}.{host}.{counter:04}")
}

/// The first record of a file.
pub fn first_event(begun: Timestamp, writer: String) -> Event {
    Event {
        wall_time: wall_time(begun),
        step: 0,
        what: Some(What::FileVersion(FILE_VERSION.to_owned())),
        source_metadata: Some(SourceMetadata { writer }),
    }
}

/// Why a record was passed over, or reading ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// A payload is not what was written; the next record may be sound.
    Payload,
    /// A sound payload is no event; the next record may be one.
    NoEvent,
    /// A length is not what was written: nothing after it can be read.
    Length,
}

/// The events of a file, as far as it has been written.
#[derive(Debug)]
pub struct Events<'a> {
    bytes: &'a [u8],
    offset: usize,
    lost: bool,
}

impl<'a> Events<'a> {
    /// Of a whole file, or of one from where a record begins.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0, lost: false }
    }

    /// Bytes up to which records have been read: where to go on when the file has grown.
    pub const fn offset(&self) -> usize {
        self.offset
    }
}

impl Iterator for Events<'_> {
    type Item = Result<Event, Damage>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.lost {
            return None;
        }
        match frame(&self.bytes[self.offset..]) {
            Frame::Whole(payload, taken) => {
                self.offset += taken;
                Some(Event::decode(payload).map_err(|_| Damage::NoEvent))
            }
            Frame::Damaged(taken) => {
                self.offset += taken;
                Some(Err(Damage::Payload))
            }
            Frame::Torn => None,
            Frame::Lost => {
                self.lost = true;
                Some(Err(Damage::Length))
            }
        }
    }
}
