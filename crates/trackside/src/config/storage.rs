//! The section `storage`: caches of the database, and when points of metrics are packed.
//!
//! What each key weighs is said where its default is, in [`trackside_adapter_sqlite::Config`] and [`Sealing`].

use std::ops::RangeInclusive;

use trackside_adapter_sqlite::{Config, Sealing};

use crate::config::{
    scalar,
    section::{Field, Section},
};

/// What the section is called.
pub(crate) const STORAGE: Field = Field::new("storage", "a map of keys", "{writer_cache_kib: 65536}");

const WRITER_CACHE_KIB: Field = Field::new("writer_cache_kib", "256 to 16777216", "16384");
const READER_CACHE_KIB: Field = Field::new("reader_cache_kib", "256 to 16777216", "4096");
const READERS: Field = Field::new("readers", "1 to 64", "4");
const TAIL_POINTS: Field = Field::new("tail_points", "1 to 4096", "16");
const UNSEALED_POINTS: Field = Field::new("unsealed_points", "1 to 65536", "2048");
const CHUNK_POINTS: Field = Field::new("chunk_points", "1 to 65536", "2048");
const IDLE_MS: Field = Field::new("idle_ms", "0 to 86400000", "30000");

/// Less than this SQLite spends on reading pages again; more than 16 GiB is a slip of the pen.
const CACHE_KIB: RangeInclusive<u32> = 256..=1 << 24;

/// Reads the section.
pub(crate) fn read(root: &mut Section<'_>) -> Config {
    let value = root.take(&STORAGE);
    let mut section = Section::open(root.report, &STORAGE.key, value, "storage: {writer_cache_kib: 65536}");
    let default = Config::default();
    let config = Config {
        writer_cache_kib: number(&mut section, &WRITER_CACHE_KIB, default.writer_cache_kib, CACHE_KIB),
        reader_cache_kib: number(&mut section, &READER_CACHE_KIB, default.reader_cache_kib, CACHE_KIB),
        readers: count(&mut section, &READERS, default.readers, 1..=64),
        sealing: Sealing {
            // A tail is written anew with each point, 24 bytes for each of its own.
            tail_points: count(&mut section, &TAIL_POINTS, default.sealing.tail_points, 1..=4_096),
            // A series has 65,536 numbers for blocks, each of which may hold a single point.
            unsealed_points: count(&mut section, &UNSEALED_POINTS, default.sealing.unsealed_points, 1..=1 << 16),
            // A history holds a chunk in memory, 24 bytes for each point.
            chunk_points: count(&mut section, &CHUNK_POINTS, default.sealing.chunk_points, 1..=1 << 16),
            idle_millis: number(&mut section, &IDLE_MS, default.sealing.idle_millis, 0..=86_400_000),
        },
        ..default
    };
    section.finish();
    config
}

fn number(section: &mut Section<'_>, field: &Field, default: u32, range: RangeInclusive<u32>) -> u32 {
    let (least, most) = range.into_inner();
    let number = section.or(field, default.into(), scalar::integer(least.into()..=most.into()), |n| (*n).into());
    u32::try_from(number).expect("the range is one of u32")
}

fn count(section: &mut Section<'_>, field: &Field, default: usize, range: RangeInclusive<u32>) -> usize {
    let default = u32::try_from(default).expect("defaults are small");
    number(section, field, default, range).try_into().expect("a u32 is a usize")
}
