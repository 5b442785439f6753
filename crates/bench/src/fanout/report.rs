//! What is printed: latencies, and figures with their bounds.

use std::fmt::Write as _;

use serde::Serialize;

use super::turns::{SERVERS, Turns, p99_ratio};
use crate::{
    machine::Machine,
    report::{Medians, markdown::write_origin},
    stats::{float, number},
};

/// Positions in [`SERVERS`].
const HEALTHY: usize = 1;
const TROUBLE: usize = 2;
/// What sinks in trouble may make of a p99.
const P99_BOUND: f64 = 2.0;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) date: String,
    pub(super) machine: Machine,
    /// Of load on each server.
    pub(super) seconds: u64,
    /// Whether the generator is a release build.
    pub(super) optimised: bool,
    pub(super) turns: Turns,
    pub(super) figures: Vec<Figure>,
}

#[derive(Debug, Serialize)]
pub(super) struct Figure {
    name: String,
    /// `None` when it could not be measured, which misses any bound.
    value: Option<f64>,
    unit: &'static str,
    bound: Option<Bound>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    pub(super) fn figure(&mut self, name: &str, value: f64, unit: &'static str, bound: Option<Bound>) {
        self.figures.push(Figure { name: name.to_owned(), value: Some(value), unit, bound });
    }

    /// What the load on three servers says about trouble.
    pub(super) fn turns_to_figures(&mut self) {
        let n_failures = float(self.turns.failures(TROUBLE).len() as u64);
        let n_answered = float(self.turns.n_answered(TROUBLE));
        self.figure("requests answered with sinks in trouble", n_answered, "requests", None);
        self.figure("slices with a failed request or a lost point", n_failures, "slices", Some(Bound::AtMost(0.0)));
        let ratios = self.turns.cells().map(|cell| (cell.title, p99_ratio(cell, TROUBLE, HEALTHY)));
        for (title, value) in ratios {
            let name = format!("{title}: p99 in trouble to healthy p99");
            self.figures.push(Figure { name, value, unit: ": 1", bound: Some(Bound::AtMost(P99_BOUND)) });
        }
    }

    /// The bounds that are not kept.
    pub(super) fn missed(&self) -> Vec<&str> {
        self.figures.iter().filter(|figure| !figure.is_kept()).map(|figure| figure.name.as_str()).collect()
    }

    pub(super) fn render(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::from("# Fan-out\n\n");
        write_origin(&mut text, &self.date, &self.machine)?;
        let (n_rounds, seconds) = (self.turns.stepping.rounds[TROUBLE].len(), self.seconds);
        writeln!(
            text,
            "- medians of {n_rounds} rounds, {seconds} s of load on each server, in turns, the others stopped; ratios are \
             of the same round; a latency counts from when the request was due"
        )?;
        if !self.optimised {
            writeln!(text, "- **debug build of the generator: these numbers mean nothing**")?;
        }
        self.write_latencies(&mut text)?;
        writeln!(text, "\n| figure | value | bound | |\n| --- | ---: | ---: | --- |")?;
        for figure in &self.figures {
            writeln!(text, "{}", figure.row())?;
        }
        for (server, name) in SERVERS.iter().enumerate() {
            for reason in self.turns.failures(server) {
                writeln!(text, "\nFailed, {name}: {reason}")?;
            }
        }
        Ok(text)
    }

    fn write_latencies(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "\n| |{} |\n| --- |{}", SERVERS.map(|name| format!(" {name}")).join(" |"), " ---: |".repeat(3))?;
        for cell in self.turns.cells() {
            let medians = [0, HEALTHY, TROUBLE].map(|server| cell.medians(server));
            let mut row = |quantity: &str, value: fn(Medians) -> f64| {
                let shown =
                    |medians: Option<Medians>| medians.map_or_else(|| "void".to_owned(), |it| number(value(it)));
                let values = medians.map(shown).join(" | ");
                writeln!(text, "| {}, {} clients: {quantity} | {values} |", cell.title, cell.connections)
            };
            row("p50, ms", |medians| medians.p50_ms)?;
            row("p99, ms", |medians| medians.p99_ms)?;
        }
        Ok(())
    }
}

impl Figure {
    fn is_kept(&self) -> bool {
        match (self.bound, self.value) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(Bound::AtMost(bound)), Some(value)) => value <= bound,
            (Some(Bound::AtLeast(bound)), Some(value)) => value >= bound,
        }
    }

    fn row(&self) -> String {
        let value = match self.value {
            None => "void".to_owned(),
            Some(0.0) => "none".to_owned(),
            Some(value) => format!("{} {}", number(value), self.unit),
        };
        let bound = match self.bound {
            None => String::new(),
            Some(Bound::AtMost(0.0)) => "none".to_owned(),
            Some(Bound::AtMost(bound)) => format!("≤ {}", number(bound)),
            Some(Bound::AtLeast(bound)) => format!("≥ {}", number(bound)),
        };
        let verdict = match self.bound {
            None => "",
            Some(_) if self.is_kept() => "kept",
            Some(_) => "**missed**",
        };
        format!("| {} | {value} | {bound} | {verdict} |", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: Option<f64>, bound: Option<Bound>) -> Figure {
        Figure { name: "rate".to_owned(), value, unit: "points/s", bound }
    }

    #[test]
    fn a_bound_is_kept_up_to_itself_and_missed_by_what_was_not_measured() {
        let at_least = |value| figure(value, Some(Bound::AtLeast(50_000.0)));
        assert_eq!(at_least(Some(50_000.0)).row(), "| rate | 50,000 points/s | ≥ 50,000 | kept |");
        assert_eq!(at_least(Some(49_999.0)).row(), "| rate | 49,999 points/s | ≥ 50,000 | **missed** |");
        assert!(!at_least(None).is_kept() && figure(None, None).is_kept());
        let none = |value| figure(Some(value), Some(Bound::AtMost(0.0)));
        assert!(none(0.0).is_kept() && !none(1.0).is_kept());
        assert_eq!(none(0.0).row(), "| rate | none | none | kept |");
    }
}
