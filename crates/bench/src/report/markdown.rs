//! The table.

use std::fmt::Write as _;

use super::{CellReport, Medians, Report, Round};
use crate::{
    machine::Machine,
    stats::{float, number, ratio},
};

const MIB: f64 = 1_048_576.0;

/// The whole report as Markdown: machine and versions, the table, the reasons of void cells.
pub(crate) fn render(report: &Report) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    write_report(&mut text, report)?;
    Ok(text)
}

fn write_report(text: &mut String, report: &Report) -> std::fmt::Result {
    let (machine, settings) = (&report.machine, &report.settings);
    writeln!(text, "# {}\n", report.servers.iter().map(|server| server.name).collect::<Vec<_>>().join(", "))?;
    write_origin(text, &report.date, machine)?;
    writeln!(
        text,
        "- medians of {} round(s) of {} s, servers in turns, the others stopped; closed loop by {} generator thread(s); \
         p99 of fewer than 100 answers is the slowest one",
        settings.n_rounds, settings.seconds, settings.n_threads
    )?;
    if !settings.optimised {
        writeln!(text, "- **debug build of the generator: these numbers mean nothing**")?;
    }
    for server in &report.servers {
        writeln!(text, "- {} {}: {}", server.name, server.version, server.durability)?;
    }
    write_table(text, report)?;
    write_voids(text, report)
}

/// When and where: the first two notes of a report.
pub(crate) fn write_origin(text: &mut String, date: &str, machine: &Machine) -> std::fmt::Result {
    writeln!(text, "- {date}, trackside-bench {}", env!("CARGO_PKG_VERSION"))?;
    writeln!(
        text,
        "- machine: {} cores of {}, {} GiB, Linux {}, load average {} before; databases on {}, {} durable 4 KiB appends/s",
        machine.n_cores,
        machine.cpu,
        number(float(machine.memory_bytes) / MIB / 1024.0),
        machine.kernel,
        machine.load_average,
        machine.file_system,
        number(machine.durable_appends_per_second)
    )
}

fn write_table(text: &mut String, report: &Report) -> std::fmt::Result {
    write!(text, "\n| |")?;
    for (index, server) in report.servers.iter().enumerate() {
        write!(text, " {} |", server.name)?;
        if has_ratio(report, index) {
            write!(text, " {} : {} |", report.servers[0].name, server.name)?;
        }
    }
    let n_ratios = (0..report.servers.len()).filter(|&index| has_ratio(report, index)).count();
    writeln!(text, "\n| --- |{}", " ---: |".repeat(report.servers.len() + n_ratios))?;

    let servers =
        |value: fn(&super::ServerReport) -> f64| report.servers.iter().map(value).map(Some).collect::<Vec<_>>();
    row(text, report, "cold start, ms", &servers(super::ServerReport::cold_start_ms))?;
    row(text, report, "idle memory, MiB", &servers(|server| float(server.idle_memory_bytes) / MIB))?;
    row(text, report, "peak memory, MiB", &servers(|server| float(server.peak_memory_bytes) / MIB))?;
    for cell in &report.cells {
        let name = format!("{}, {}", cell.title, connections(cell));
        let medians: Vec<Option<Medians>> = (0..report.servers.len()).map(|index| cell.medians(index)).collect();
        let values = |value: fn(Medians) -> f64| medians.iter().map(|medians| medians.map(value)).collect::<Vec<_>>();
        row(text, report, &format!("{name}: {}/s", cell.unit), &values(|medians| medians.units_per_second))?;
        row(text, report, &format!("{name}: p50, ms"), &values(|medians| medians.p50_ms))?;
        row(text, report, &format!("{name}: p99, ms"), &values(|medians| medians.p99_ms))?;
    }
    Ok(())
}

/// Whether a server has a column of ratios: all but the first one and the limit.
fn has_ratio(report: &Report, index: usize) -> bool {
    index > 0 && report.servers[index].keeps_points
}

fn row(text: &mut String, report: &Report, name: &str, values: &[Option<f64>]) -> std::fmt::Result {
    write!(text, "| {name} |")?;
    for (index, value) in values.iter().enumerate() {
        write!(text, " {} |", value.map_or_else(|| "void".to_owned(), number))?;
        if has_ratio(report, index) {
            let ratio = values[0].zip(*value).map_or_else(|| "–".to_owned(), |(ours, theirs)| ratio(ours, theirs));
            write!(text, " {ratio} |")?;
        }
    }
    writeln!(text)
}

fn write_voids(text: &mut String, report: &Report) -> std::fmt::Result {
    let mut heading = "\nVoid, because what was acknowledged could not be read back or a request failed:\n\n";
    for cell in &report.cells {
        for (server, rounds) in report.servers.iter().zip(&cell.rounds) {
            for (index, round) in rounds.iter().enumerate() {
                let Round::Void { reason } = round else { continue };
                let (name, title) = (server.name, cell.title);
                writeln!(text, "{heading}- {name}, {title}, {}, round {}: {reason}", connections(cell), index + 1)?;
                heading = "";
            }
        }
    }
    Ok(())
}

fn connections(cell: &CellReport) -> String {
    format!("{} connection{}", cell.connections, if cell.connections == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{ServerReport, Settings};

    fn server(name: &'static str, cold_start_ms: &[f64], keeps_points: bool) -> ServerReport {
        ServerReport {
            name,
            version: "1.0".to_owned(),
            durability: "keeps it",
            keeps_points,
            cold_start_ms: cold_start_ms.to_vec(),
            n_processes: 1,
            idle_memory_bytes: 10 << 20,
            peak_memory_bytes: 20 << 20,
        }
    }

    fn measured(units_per_second: f64) -> Round {
        Round::Measured { units_per_second, p50_ms: 1.0, p99_ms: 2.0, n_answered: 5 }
    }

    fn report(theirs: Vec<Round>) -> Report {
        let cell = CellReport {
            scenario: "log-metric",
            title: "one metric",
            connections: 1,
            unit: "requests",
            rounds: vec![vec![measured(900.0), measured(1000.0), measured(5.0)], theirs, vec![measured(4e4)]],
        };
        Report {
            date: "2026-01-01 00:00 UTC".to_owned(),
            machine: Machine {
                n_cores: 2,
                cpu: "CPU".to_owned(),
                memory_bytes: 24 << 30,
                kernel: "6.1".to_owned(),
                load_average: 0.25,
                file_system: "ext4".to_owned(),
                durable_appends_per_second: 1234.0,
            },
            settings: Settings { seconds: 5, n_rounds: 3, n_threads: 1, optimised: true },
            servers: vec![
                server("Ours", &[9.0, 5.0, 4.0], true),
                server("Theirs", &[50_000.0], true),
                server("limit", &[1.0], false),
            ],
            cells: vec![cell],
        }
    }

    #[test]
    fn rows_hold_medians_and_ratios_but_none_with_the_limit() {
        let text = render(&report(vec![measured(90.0)])).unwrap();
        assert!(
            text.contains("| | Ours | Theirs | Ours : Theirs | limit |\n| --- | ---: | ---: | ---: | ---: |\n"),
            "{text}"
        );
        assert!(text.contains("| cold start, ms | 5.00 | 50,000 | 1 : 10,000 | 1.00 |"), "{text}");
        assert!(text.contains("| idle memory, MiB | 10.0 | 10.0 | 1.00 : 1 | 10.0 |"), "{text}");
        assert!(text.contains("| one metric, 1 connection: requests/s | 900 | 90.0 | 10.0 : 1 | 40,000 |"), "{text}");
        assert!(
            text.contains(
                "2 cores of CPU, 24.0 GiB, Linux 6.1, load average 0.25 before; databases on ext4, 1,234 durable"
            ),
            "{text}"
        );
        assert!(!text.contains("Void") && !text.contains("debug build"), "{text}");
    }

    #[test]
    fn one_void_round_voids_the_cell_and_is_explained() {
        let text =
            render(&report(vec![measured(90.0), Round::Void { reason: "1 points too few".to_owned() }])).unwrap();
        assert!(text.contains("| one metric, 1 connection: requests/s | 900 | void | – | 40,000 |"), "{text}");
        assert!(text.contains("- Theirs, one metric, 1 connection, round 2: 1 points too few\n"), "{text}");
    }
}
