//! How the words of a filter string form phrases.
//!
//! This mirrors the order in which sqlparse groups words, because that order decides what MLflow takes for one
//! condition: arithmetic binds before comparators, comparators before aliases, aliases before commas. So
//! `a = 'x' b = 'y'` is two conditions, while `a = 'x' b` is one phrase with an alias, and no condition.
//!
//! Every step is one pass from left to right over a flat list; there is no recursion and no tree.
//! Source: `engine/grouping.py` of sqlparse 0.6.1. Elsewhere: words (`token.rs`), conditions (`condition.rs`).

use super::token::{Kind, Piece};

/// The phrases of a filter string.
pub(super) struct Phrases<'a> {
    /// In order; whatever no phrase swallowed is still a word.
    pub(super) pieces: Vec<Piece<'a>>,
    /// What [`Kind::Comparison`] points to: left side, comparator, right side.
    pub(super) comparisons: Vec<[Piece<'a>; 3]>,
}

/// Which words join their neighbours to one phrase.
struct Joint {
    middle: fn(Kind) -> bool,
    before: fn(Kind) -> bool,
    /// What may follow.
    after: fn(Kind) -> bool,
    /// Whether the middle joins what stands before it even if nothing fitting follows.
    alone: bool,
    into: Kind,
}

/// Joins the words of `source` to phrases.
pub(super) fn phrases<'a>(source: &'a str, words: Vec<Piece<'a>>) -> Phrases<'a> {
    let pieces = enclose(words, source, Kind::OpenBracket, Kind::CloseBracket, Kind::Brackets);
    let pieces = enclose(pieces, source, Kind::Open, Kind::Close, Kind::Parenthesis);
    let pieces = pairs(pieces, source, is_callable, |kind| kind == Kind::Parenthesis, Kind::Call);
    let mut pieces = [MEMBER, INDEX].iter().fold(pieces, |pieces, joint| join(pieces, source, joint, &mut Vec::new()));
    for piece in &mut pieces {
        if matches!(piece.kind, Kind::Name | Kind::DoubleQuoted) {
            piece.kind = Kind::Identifier;
        }
    }
    let mut comparisons = Vec::new();
    let steps = [ORDERED, CAST, OPERATION, COMPARISON, RENAMED];
    let pieces = steps.iter().fold(pieces, |pieces, joint| join(pieces, source, joint, &mut comparisons));
    let pieces = pairs(pieces, source, takes_alias, |kind| kind == Kind::Identifier, Kind::Identifier);
    let pieces = [ASSIGNMENT, LIST].iter().fold(pieces, |pieces, joint| join(pieces, source, joint, &mut Vec::new()));
    Phrases { pieces, comparisons }
}

/// `a.b`, `a->b`; the dot stays with `a` if no name follows.
const MEMBER: Joint = Joint {
    middle: |kind| matches!(kind, Kind::Dot | Kind::Arrow),
    before: |kind| matches!(kind, Kind::Name | Kind::DoubleQuoted | Kind::Brackets | Kind::Identifier),
    after: |kind| {
        matches!(kind, Kind::Name | Kind::DoubleQuoted | Kind::SingleQuoted | Kind::Star | Kind::Brackets | Kind::Call)
    },
    alone: true,
    into: Kind::Identifier,
};

/// `a[0]`
const INDEX: Joint = Joint {
    middle: |kind| kind == Kind::Brackets,
    before: |kind| matches!(kind, Kind::Name | Kind::DoubleQuoted | Kind::Brackets | Kind::Identifier | Kind::Call),
    after: |_| false,
    alone: true,
    into: Kind::Identifier,
};

/// `a DESC`
const ORDERED: Joint = Joint {
    middle: |kind| kind == Kind::Direction,
    before: |kind| kind == Kind::Identifier || is_number(kind),
    after: |_| false,
    alone: true,
    into: Kind::Identifier,
};

/// `a::b`
const CAST: Joint = Joint {
    middle: |kind| kind == Kind::Cast,
    before: |_| true,
    after: |_| true,
    alone: false,
    into: Kind::Identifier,
};

/// `a + b`
const OPERATION: Joint = Joint {
    middle: |kind| matches!(kind, Kind::Operator | Kind::Arrow | Kind::Star),
    before: |kind| is_operand(kind) || kind == Kind::Brackets,
    after: |kind| is_operand(kind) || kind == Kind::Brackets,
    alone: false,
    into: Kind::Operation,
};

/// `a = b`
const COMPARISON: Joint = Joint {
    middle: |kind| kind == Kind::Comparator,
    before: |kind| is_operand(kind) || kind == Kind::Null,
    after: |kind| is_operand(kind) || kind == Kind::Null,
    alone: false,
    into: Kind::Comparison(0),
};

/// `a AS b`
const RENAMED: Joint = Joint {
    middle: |kind| kind == Kind::As,
    before: |kind| kind == Kind::Null || !is_keyword(kind),
    after: |_| true,
    alone: false,
    into: Kind::Identifier,
};

/// `a := b`, which is never valid but named as a whole in the message.
const ASSIGNMENT: Joint = Joint {
    middle: |kind| kind == Kind::Assign,
    before: |kind| !is_keyword(kind) || kind == Kind::Direction,
    after: |kind| !is_keyword(kind) || kind == Kind::Direction,
    alone: false,
    into: Kind::Stray,
};

/// `a, b`, likewise.
const LIST: Joint = Joint {
    middle: |kind| kind == Kind::Comma,
    before: is_list_item,
    after: is_list_item,
    alone: false,
    into: Kind::List,
};

/// Joins wherever the joint fits. What was joined last may be `before` again, judged by its last word.
fn join<'a>(
    pieces: Vec<Piece<'a>>,
    source: &'a str,
    joint: &Joint,
    comparisons: &mut Vec<[Piece<'a>; 3]>,
) -> Vec<Piece<'a>> {
    let mut joined: Vec<Piece<'a>> = Vec::with_capacity(pieces.len());
    let mut last = None;
    let mut rest = pieces.into_iter().peekable();
    while let Some(piece) = rest.next() {
        let fits = (joint.middle)(piece.kind) && last.is_some_and(joint.before);
        let follower = rest.next_if(|next| fits && (joint.after)(next.kind));
        let Some(before) = joined.pop_if(|_| fits && (joint.alone || follower.is_some())) else {
            last = Some(piece.kind);
            joined.push(piece);
            continue;
        };
        let mut into = joint.into;
        if let (Kind::Comparison(_), Some(right)) = (into, follower) {
            into = Kind::Comparison(comparisons.len());
            comparisons.push([before, piece, right]);
        }
        last = Some(follower.map_or(into, |next| next.kind));
        joined.push(before.through(&follower.unwrap_or(piece), source, into));
    }
    joined
}

/// Makes a phrase of everything between a pair of brackets, brackets included; unpaired ones stay.
fn enclose<'a>(pieces: Vec<Piece<'a>>, source: &'a str, open: Kind, close: Kind, into: Kind) -> Vec<Piece<'a>> {
    let mut enclosed: Vec<Piece<'a>> = Vec::with_capacity(pieces.len());
    let mut opened = Vec::new();
    for piece in pieces {
        if piece.kind == close
            && let Some(at) = opened.pop()
        {
            let first = enclosed[at];
            enclosed.truncate(at);
            enclosed.push(first.through(&piece, source, into));
            continue;
        }
        if piece.kind == open {
            opened.push(enclosed.len());
        }
        enclosed.push(piece);
    }
    enclosed
}

/// Joins neighbours two by two: `a b c` becomes `a b` and `c`.
fn pairs<'a>(
    pieces: Vec<Piece<'a>>,
    source: &'a str,
    first: fn(Kind) -> bool,
    second: fn(Kind) -> bool,
    into: Kind,
) -> Vec<Piece<'a>> {
    let mut paired = Vec::with_capacity(pieces.len());
    let mut rest = pieces.into_iter().peekable();
    while let Some(piece) = rest.next() {
        let partner = rest.next_if(|next| first(piece.kind) && second(next.kind));
        paired.push(partner.map_or(piece, |partner| piece.through(&partner, source, into)));
    }
    paired
}

fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Float | Kind::Hexadecimal)
}

fn is_keyword(kind: Kind) -> bool {
    use Kind::{And, As, Direction, In, Is, Keyword, Not, NotNull, Null};
    matches!(kind, And | As | Direction | In | Is | Keyword | Not | NotNull | Null)
}

/// What may be called as a function.
fn is_callable(kind: Kind) -> bool {
    matches!(kind, Kind::Name | Kind::TypeName | Kind::Placeholder)
}

/// What arithmetic and comparators accept on either side.
fn is_operand(kind: Kind) -> bool {
    use Kind::{Call, Float, Identifier, Integer, Operation, Parenthesis, Placeholder, SingleQuoted};
    matches!(kind, Identifier | Parenthesis | Call | Operation | Integer | Float | SingleQuoted | Placeholder)
}

/// What swallows an identifier that follows it without a keyword between.
fn takes_alias(kind: Kind) -> bool {
    matches!(kind, Kind::Parenthesis | Kind::Call | Kind::Identifier | Kind::Operation | Kind::Comparison(_))
        || is_number(kind)
}

fn is_list_item(kind: Kind) -> bool {
    let phrase = matches!(kind, Kind::Comparison(_) | Kind::List | Kind::Star | Kind::LineComment | Kind::BlockComment);
    let word = kind != Kind::Direction && is_keyword(kind);
    phrase || word || (is_operand(kind) && kind != Kind::Parenthesis)
}
