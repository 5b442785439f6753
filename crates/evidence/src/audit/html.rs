//! The report as one page, without anything it would have to fetch.

use std::fmt::Write;

use super::{Evidence, Finding, Report, text::capitalised};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color:#1b1f24}\
h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .25rem}p{margin:.25rem 0}\
table{border-collapse:collapse;width:100%;margin:.5rem 0}th,td{text-align:left;vertical-align:top;padding:.25rem .75rem .25rem 0;\
border-bottom:1px solid #d8dee4;overflow-wrap:anywhere}th{font-weight:600}\
.v{display:inline-block;white-space:nowrap;overflow-wrap:normal;border-radius:1rem;padding:0 .6rem;font-size:.85rem;font-weight:600;color:#fff}\
.identical{background:#1a7f37}.equivalent{background:#0969da}.drifted{background:#bc4c00}.missing{background:#6e7781}\
.advice{border-left:3px solid #0969da;padding-left:.75rem}code{font-size:.9em}\
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#e6edf3}th,td{border-color:#30363d}}";

impl Report {
    /// One page of HTML.
    #[expect(clippy::missing_panics_doc, reason = "it does not panic, as the message says")]
    pub fn to_html(&self) -> String {
        let mut page = String::new();
        self.write_page(&mut page).expect("a text can always be written");
        page
    }

    fn write_page(&self, page: &mut String) -> std::fmt::Result {
        let run = escaped(self.run_id.as_deref().unwrap_or("without id"));
        let verdict = self.overall.verdict;
        writeln!(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">")?;
        writeln!(page, "<meta name=\"viewport\" content=\"width=device-width\">")?;
        writeln!(page, "<title>Audit of run {run}: {verdict}</title>\n<style>{STYLE}</style>\n</head>\n<body>")?;
        writeln!(page, "<h1>Can run <code>{run}</code> be repeated?</h1>")?;
        writeln!(page, "<p>{} {}.</p>", badge(verdict.name()), escaped(&capitalised(&self.overall.reason)))?;
        writeln!(page, "<p>Looked at {}.</p>\n<table>", self.audited_at.0.rfc3339())?;
        writeln!(page, "<tr><th>Depends on</th><th>Verdict</th><th>Why</th></tr>")?;
        for finding in &self.findings {
            let (name, why) = (finding.dimension.name(), escaped(&finding.reason));
            let badge = badge(finding.verdict.name());
            writeln!(page, "<tr><td><a href=\"#{name}\">{name}</a></td><td>{badge}</td><td>{why}</td></tr>")?;
        }
        writeln!(page, "</table>")?;
        for finding in &self.findings {
            write_finding(page, finding)?;
        }
        writeln!(page, "</body>\n</html>")
    }
}

fn write_finding(page: &mut String, finding: &Finding) -> std::fmt::Result {
    let name = finding.dimension.name();
    writeln!(page, "<h2 id=\"{name}\">{} {}</h2>", capitalised(name), badge(finding.verdict.name()))?;
    writeln!(page, "<p>{}.</p>", escaped(&capitalised(&finding.reason)))?;
    for advice in &finding.advice {
        writeln!(page, "<p class=\"advice\">{}.</p>", escaped(&capitalised(advice)))?;
    }
    if finding.evidence.is_empty() {
        return Ok(());
    }
    writeln!(page, "<table>\n<tr><th>What</th><th>Recorded</th><th>Now</th><th></th></tr>")?;
    for Evidence { what, recorded, found, verdict } in &finding.evidence {
        let cell = |text: &Option<String>| text.as_deref().map_or_else(|| "–".to_owned(), escaped);
        let (what, then, now) = (escaped(what), cell(recorded), cell(found));
        writeln!(page, "<tr><td>{what}</td><td>{then}</td><td>{now}</td><td>{}</td></tr>", badge(verdict.name()))?;
    }
    writeln!(page, "</table>")
}

fn badge(verdict: &str) -> String {
    format!("<span class=\"v {verdict}\">{verdict}</span>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
