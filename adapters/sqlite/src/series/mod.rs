//! Where points are.
//!
//! The latest ones of a series are in its *tail*, in the order of arrival: one row, appended to in place. A tail that
//! has grown long is sealed: sorted, packed and put behind the *chunks* of the series, which are in order and do not
//! overlap. While the last chunk is not larger than what is put behind it, the two become one, so that chunks grow to
//! their full size while each point is packed a handful of times. What arrives later than its place, before the end
//! of the chunks, is *late*: a row by itself, folded into the chunks when there is time.
//!
//! A history is the three merged. Nothing is ever in two of them.

mod chunk;
mod codec;
mod late;
mod place;
mod read;
mod seal;
mod tail;
mod write;

pub use self::seal::Sealing;
pub(crate) use self::{
    place::Place,
    read::visit,
    seal::{at_rest, fold_some, seal_at_rest},
    write::add,
};
