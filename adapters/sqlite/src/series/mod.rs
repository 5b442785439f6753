//! Where points are.
//!
//! The latest ones of a series are not sealed: they are in its *tail*, one row that each request writes anew, and in
//! *blocks*, which a long tail or a large batch becomes. When there are enough of them, or the series has come to rest,
//! they are sealed: sorted, packed and put behind the *chunks* of the series, which are in order and do not overlap.
//! While the last chunk is not larger than what is put behind it, the two become one. What arrives later than its
//! place, before the end of the chunks, is *late*: a row by itself, folded into the chunks when there is time.
//!
//! A history is the three merged. Nothing is ever in two of them.
//!
//! For searches the latest values are in order in `rank`, but for those of series that are being added to.

mod block;
mod chunk;
mod codec;
mod extremes;
mod late;
mod place;
mod rank;
mod read;
mod seal;
mod tail;
mod write;

pub use self::seal::Sealing;
pub(crate) use self::{
    chunk::{Packed, summaries},
    extremes::Extremes,
    late::has_late,
    place::Place,
    read::visit,
    seal::{MOST_POINTS, at_rest, fold, late_after, seal_at_rest},
    tail::sorted as not_sealed,
    write::add,
};
