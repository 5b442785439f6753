//! Labels for runs and models that come without one.

const ADJECTIVES: [&str; 32] = [
    "able", "amber", "brave", "bright", "brisk", "calm", "clean", "clear", "crisp", "daring", "deft", "eager", "fair",
    "fleet", "gentle", "glad", "golden", "keen", "kind", "lively", "lucid", "mellow", "neat", "nimble", "quick",
    "quiet", "rapid", "silver", "spry", "steady", "sunny", "warm",
];

const NOUNS: [&str; 32] = [
    "arch", "axle", "beacon", "bogie", "bridge", "cabin", "canal", "cargo", "coach", "depot", "engine", "ferry",
    "freight", "gauge", "harbour", "lamp", "line", "local", "marker", "mile", "pass", "piston", "platform", "rail",
    "relay", "signal", "siding", "sleeper", "switch", "tender", "tunnel", "wagon",
];

/// `adjective-noun-number` from random bits, at most 20 characters.
pub(crate) fn made_up(bits: u128) -> String {
    let pick = |words: &[&'static str; 32], shift: u32| words[(bits >> shift) as usize % words.len()];
    format!("{}-{}-{}", pick(&ADJECTIVES, 0), pick(&NOUNS, 8), (bits >> 16) % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_stay_short() {
        let names: Vec<String> = (0..5_u32).map(|n| made_up(u128::from(n) * 0x1_0101)).collect();
        assert!(names.iter().all(|name| name.len() <= 20));
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
    }
}
