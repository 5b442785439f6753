//! How patient to be with a sink: keys that every sink has.

use std::{ops::RangeInclusive, time::Duration};

use trackside_fanout::Policy;

use crate::config::{
    scalar,
    section::{Field, Section},
    value::Origin,
};

const TIMEOUT: Field = Field::new("timeout_secs", "1 to 3600", "30");
const LINGER: Field = Field::new("linger_ms", "0 to 60000", "500");
const WINDOW: Field = Field::new("window_bytes", "64KiB to 256MiB", "2MiB");
const CONCURRENCY: Field = Field::new("concurrency", "1 to 64", "4");
const RETRY_BASE: Field = Field::new("retry_base_ms", "1 to 60000", "500");
const RETRY_MAX: Field = Field::new("retry_max_secs", "1 to 86400, and not less than retry_base_ms", "60");
const BREAKER_FAILURES: Field = Field::new("breaker_failures", "1 to 1000", "5");
const GIVE_UP_AFTER: Field = Field::new("give_up_after", "1 to 1000000", "20");
const MIN_BYTES_PER_SEC: Field = Field::new("min_bytes_per_sec", "1KiB to 1GiB", "128KiB");

/// Reads the keys.
pub(crate) fn read(section: &mut Section<'_>, default: &Policy) -> Policy {
    let secs = |section: &mut Section<'_>, field: &Field, default: Duration, range| {
        Duration::from_secs(number(section, field, default.as_secs(), range))
    };
    let millis = |section: &mut Section<'_>, field: &Field, default: Duration, range| {
        let default = u64::try_from(default.as_millis()).unwrap_or(u64::MAX);
        Duration::from_millis(number(section, field, default, range))
    };
    let bytes = |section: &mut Section<'_>, field: &Field, default: u64, range| {
        section.or(field, default, scalar::bytes(range), |n| (*n).into())
    };
    let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
    let origin = section.origin_of(&RETRY_MAX.key).or(section.origin_of(&RETRY_BASE.key)).cloned();
    let policy = Policy {
        timeout: secs(section, &TIMEOUT, default.timeout, 1..=3600),
        linger: millis(section, &LINGER, default.linger, 0..=60_000),
        window_bytes: bytes(section, &WINDOW, default.window_bytes, 64 << 10..=256 << 20),
        concurrency: usize::try_from(number(section, &CONCURRENCY, default.concurrency as u64, 1..=64)).unwrap_or(1),
        retry_base: millis(section, &RETRY_BASE, default.retry_base, 1..=60_000),
        retry_max: secs(section, &RETRY_MAX, default.retry_max, 1..=86_400),
        breaker_failures: small(number(section, &BREAKER_FAILURES, default.breaker_failures.into(), 1..=1000)),
        give_up_after: small(number(section, &GIVE_UP_AFTER, default.give_up_after.into(), 1..=1_000_000)),
        min_bytes_per_sec: bytes(section, &MIN_BYTES_PER_SEC, default.min_bytes_per_sec, 1 << 10..=1 << 30),
    };
    if policy.retry_max < policy.retry_base {
        let found = format!(
            "{} s, less than the first pause of {} ms",
            policy.retry_max.as_secs(),
            policy.retry_base.as_millis()
        );
        section.fault(&RETRY_MAX, &origin.unwrap_or(Origin::Default), found);
    }
    policy
}

fn number(section: &mut Section<'_>, field: &Field, default: u64, range: RangeInclusive<u64>) -> u64 {
    section.or(field, default, scalar::integer(range), |n| (*n).into())
}
