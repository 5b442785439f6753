//! The word that was probably meant.

/// The nearest of `words`, unless it is too far off to be a slip of the fingers.
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (word.chars().count() / 3).max(1);
    let far = |known: &str| if word.len() > 2 && known.starts_with(word) { 1 } else { distance(word, known) };
    let near = words.into_iter().map(|known| (far(known), known)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| *distance <= most && *distance < word.len()).map(|(_, known)| known)
}

/// Insertions, removals, replacements and swaps of neighbours between two words (optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let changed = usize::from(a[i - 1] != b[j - 1]);
            let mut least = (rows[i - 1][j] + 1).min(row[j - 1] + 1).min(rows[i - 1][j - 1] + changed);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let words = ["url", "token", "timeout_secs", "linger_ms"];
        for (slip, meant) in
            [("ulr", "url"), ("tokn", "token"), ("timeout_sec", "timeout_secs"), ("timeout", "timeout_secs")]
        {
            assert_eq!(nearest(slip, words).unwrap_or_default(), meant, "{slip}");
        }
        assert_eq!(nearest("password", words), None);
        assert_eq!(nearest("", words), None);
        assert_eq!(nearest("x", ["a", "b"]), None);
        assert_eq!(nearest("x", []), None);
    }
}
