//! Texts that TensorBoard shows: it renders markdown, so what is not meant as markdown is escaped.
//!
//! Checked with TensorBoard 2.21.0, which renders with python-markdown and its extension for tables.

/// Characters that markdown or a table gives a meaning within a line, beside those of HTML.
const SPECIAL: &str = r"\`*_[]|";
/// Characters that have one at the beginning of a text.
const SPECIAL_FIRST: [char; 3] = ['#', '+', '-'];

/// A table of two columns.
pub fn table<'a>(head: [&str; 2], rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = format!("| {} | {} |\n|---|---|", head[0], head[1]);
    for (name, value) in rows {
        out.push_str("\n| ");
        escape(&mut out, name);
        out.push_str(" | ");
        escape(&mut out, value);
        out.push_str(" |");
    }
    out
}

/// A text that is shown as it is.
pub fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    if text.starts_with(SPECIAL_FIRST) {
        out.push('\\');
    }
    escape(&mut out, text);
    out
}

fn escape(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // A line of its own would end the table.
            '\n' => out.push_str("<br>"),
            '\r' => out.push_str("&#13;"),
            c if SPECIAL.contains(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
}

/// The text that [`plain`] shows.
pub fn read_plain(markdown: &str) -> String {
    let text = markdown.replace("<br>", "\n").replace("&lt;", "<").replace("&gt;", ">").replace("&#13;", "\r");
    let text = text.replace("&amp;", "&");
    let mut chars = text.chars();
    std::iter::from_fn(|| match chars.next()? {
        '\\' => chars.next(),
        c => Some(c),
    })
    .collect()
}

/// The rows that [`table`] shows; `None` for any other text.
pub fn read_table(markdown: &str) -> Option<Vec<(String, String)>> {
    let cells = |line: &str| {
        let line = line.strip_prefix("| ")?.strip_suffix(" |")?;
        let (name, value) = line.split_once(" | ")?;
        Some((read_plain(name), read_plain(value)))
    };
    markdown.split('\n').skip(2).map(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let hostile = [
            "",
            "a | b",
            "__init__",
            "<b>&amp;</b>",
            "line\nline\r\n",
            "# x",
            "- x",
            "&#13;",
            r"\|",
            "`x` *removed*",
            "ä🦀",
            " ",
        ];
        let rows: Vec<(&str, &str)> = hostile.iter().zip(hostile.iter().rev()).map(|(a, b)| (*a, *b)).collect();
        let read = read_table(&table(["a", "b"], rows.clone())).unwrap();
        let read: Vec<(&str, &str)> = read.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        assert_eq!(read, rows);
        for text in hostile {
            assert_eq!(read_plain(&plain(text)), text);
        }
    }

    #[test]
    fn a_table_has_one_line_a_row() {
        let text = table(["param", "value"], [("lr", "0.1"), ("x", "a\nb|c")]);
        assert_eq!(text, "| param | value |\n|---|---|\n| lr | 0.1 |\n| x | a<br>b\\|c |");
    }
}
