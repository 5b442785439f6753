//! The words of a filter string.
//!
//! MLflow reads filters with sqlparse, a tolerant SQL lexer, so what is one word follows SQL and not the look of a
//! key: `a-b` is three words, `1.5` one, and `order` a keyword unless a dot stands before it. The rules below, and
//! their precedence, are sqlparse 0.6.1's as far as a filter can tell; whitespace is dropped.
//!
//! Checked by comparing acceptance and meaning of generated filters with MLflow 3.17.2. Elsewhere: how words form
//! phrases (`phrase.rs`), words that need more than a look ahead (`scan.rs`).

use super::scan;

/// What a word, or a phrase of several, is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A bare or backquoted word.
    Name,
    /// A text in double quotes, which may be a key or a value.
    DoubleQuoted,
    /// A text in single quotes.
    SingleQuoted,
    /// A number without a point.
    Integer,
    /// A number with a point or an exponent.
    Float,
    /// A number in base 16, which no filter accepts.
    Hexadecimal,
    /// `?`, `:x`, `$1`, `%s`.
    Placeholder,
    /// The name of an SQL type; `timestamp` is the one that matters.
    TypeName,
    /// `AND`.
    And,
    /// `AS`.
    As,
    /// `IN`.
    In,
    /// `IS`.
    Is,
    /// `NOT` alone.
    Not,
    /// `NOT NULL` with one blank.
    NotNull,
    /// `NULL`.
    Null,
    /// Any other keyword of SQL.
    Keyword,
    /// `ASC` or `DESC`.
    Direction,
    /// `=`, `LIKE`, `NOT LIKE` and the like, valid or not.
    Comparator,
    /// `+`, `-`, `/` and other arithmetic.
    Operator,
    /// `->` and `->>`.
    Arrow,
    /// `*`.
    Star,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `::`
    Cast,
    /// `:=`
    Assign,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `-- …` or `# …` to the end of the line.
    LineComment,
    /// `/* … */`
    BlockComment,
    /// A character that begins nothing, or a word behind a backslash.
    Stray,
    /// A phrase that names something: `a`, `a.b`, `"a b"`, and `a b`, which SQL calls an alias.
    Identifier,
    /// `( … )`
    Parenthesis,
    /// `[ … ]` after a word.
    Brackets,
    /// `f(…)`
    Call,
    /// `a + b`
    Operation,
    /// `a = b`: the index of its parts.
    Comparison(usize),
    /// `a, b`
    List,
}

/// A word or a phrase with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    /// Offset of its first byte.
    pub(super) start: usize,
    pub(super) text: &'a str,
}

impl<'a> Piece<'a> {
    /// Offset behind its last byte.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// The phrase from here to the end of `last`, whitespace between them included.
    pub(super) fn through(&self, last: &Piece<'a>, source: &'a str, kind: Kind) -> Self {
        Self { kind, start: self.start, text: &source[self.start..last.end()] }
    }
}

/// All words of `source`. Never fails: what begins no word is a [`Kind::Stray`].
pub(super) fn words(source: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut before = None;
    let mut start = 0;
    // A block comment that is not closed is none; looking for its end once is enough.
    let last_close = source.rfind("*/").unwrap_or(0);
    while let Some(first) = source[start..].chars().next() {
        let rest = &source[start..];
        let (kind, length) = if scan::is_space(first) {
            (None, first.len_utf8())
        } else if rest.starts_with("/*") && start + 2 <= last_close {
            let inner = rest[2..].find("*/").map_or(rest.len(), |at| at + 4);
            (Some(Kind::BlockComment), inner)
        } else {
            let (kind, length) = word(rest, first, before);
            (Some(kind), length)
        };
        let text = &rest[..length];
        if let Some(kind) = kind {
            pieces.push(Piece { kind, start, text });
        }
        before = text.chars().next_back();
        start += length;
    }
    pieces
}

/// The word at the start of `rest`, which begins with `first` and follows `before`.
fn word(rest: &str, first: char, before: Option<char>) -> (Kind, usize) {
    if rest.starts_with("--") || rest.starts_with("# ") {
        return (Kind::LineComment, scan::line(rest));
    }
    if let Some(number) = scan::number(rest) {
        return number;
    }
    let quoted = |kind, close| scan::quoted(rest, close).map(|length| (kind, length));
    let special = match first {
        '`' | '\u{b4}' => quoted(Kind::Name, first),
        '\'' => quoted(Kind::SingleQuoted, '\''),
        '"' => quoted(Kind::DoubleQuoted, '"'),
        '[' => scan::bracketed(rest, before).map(|length| (Kind::Name, length)),
        '?' => Some((Kind::Placeholder, 1)),
        '%' => scan::percent_placeholder(rest).map(|length| (Kind::Placeholder, length)),
        '$' | ':' => scan::named_placeholder(rest, before).map(|length| (Kind::Placeholder, length)),
        '\\' => Some((Kind::Stray, scan::command(rest))),
        '@' | '#' => scan::sigil_name(rest).map(|length| (Kind::Name, length)),
        _ => None,
    };
    special.or_else(|| scan::keyword_or_name(rest, first, before)).unwrap_or_else(|| sign(rest, first))
}

/// A word made of punctuation.
fn sign(rest: &str, first: char) -> (Kind, usize) {
    const FIXED: [(&str, Kind); 19] = [
        ("->>", Kind::Arrow),
        ("->", Kind::Arrow),
        ("#>>", Kind::Operator),
        ("#>", Kind::Operator),
        ("#-", Kind::Operator),
        ("@>", Kind::Operator),
        ("<@", Kind::Operator),
        ("-", Kind::Operator),
        (":=", Kind::Assign),
        ("::", Kind::Cast),
        ("*", Kind::Star),
        (".", Kind::Dot),
        (",", Kind::Comma),
        (";", Kind::Semicolon),
        ("(", Kind::Open),
        (")", Kind::Close),
        ("[", Kind::OpenBracket),
        ("]", Kind::CloseBracket),
        (":", Kind::Stray),
    ];
    if let Some((text, kind)) = FIXED.into_iter().find(|(text, _)| rest.starts_with(text)) {
        return (kind, text.len());
    }
    let run = |set: &str| rest.find(|c| !set.contains(c)).unwrap_or(rest.len());
    for (set, kind) in [("<>=~!", Kind::Comparator), ("+/@#%^&|-", Kind::Operator)] {
        if let length @ 1.. = run(set) {
            return (kind, length);
        }
    }
    (Kind::Stray, first.len_utf8())
}
