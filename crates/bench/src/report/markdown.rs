//! The table.

use std::fmt::Write as _;

use super::{
    CellReport, Medians, Report, Round,
    table::{Entry, Table},
};
use crate::{
    machine::Machine,
    stats::{float, number},
};

pub(crate) const MIB: f64 = 1_048_576.0;

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
        "- machine: {} cores of {}, {} GiB, Linux {}, load average {} before; databases on {}",
        machine.n_cores,
        machine.cpu,
        number(float(machine.memory_bytes) / MIB / 1024.0),
        machine.kernel,
        machine.load_average,
        machine.file_system
    )?;
    let limits = machine.limits;
    writeln!(
        text,
        "- limits of one thread: {} durable 4 KiB appends/s, {} durable SQLite commits of a row/s (WAL, synchronous=FULL), \
         {} rows/s in one transaction",
        number(limits.durable_appends),
        number(limits.durable_commits),
        number(limits.bulk_rows)
    )
}

fn write_table(text: &mut String, report: &Report) -> std::fmt::Result {
    // The limits are nobody's rivals.
    let columns = report.servers.iter().map(|server| (server.name.to_owned(), server.keeps_points));
    let table = Table::new(columns);
    table.write_head(text)?;
    let mut servers = |name: &str, value: fn(&super::ServerReport) -> f64| {
        let entries: Vec<Entry> = report.servers.iter().map(value).map(Entry::Number).collect();
        table.write_row(text, name, &entries)
    };
    servers("cold start, ms", super::ServerReport::cold_start_ms)?;
    servers("idle memory, MiB", |server| float(server.idle_memory_bytes) / MIB)?;
    servers("peak memory, MiB", |server| float(server.peak_memory_bytes) / MIB)?;
    for cell in &report.cells {
        let name = format!("{}, {}", cell.title, connections(cell));
        let mut row = |quantity: &str, value: fn(Medians) -> f64| {
            let entry = |index| cell.medians(index).map_or(Entry::Void, |medians| Entry::Number(value(medians)));
            let entries: Vec<Entry> = (0..report.servers.len()).map(entry).collect();
            table.write_row(text, &format!("{name}: {quantity}"), &entries)
        };
        row(&format!("{}/s", cell.unit), |medians| medians.units_per_second)?;
        row("p50, ms", |medians| medians.p50_ms)?;
        row("p99, ms", |medians| medians.p99_ms)?;
        row("CPU s per 1,000 requests", |medians| medians.cpu_seconds_per_1000_requests)?;
        row("most memory under load, MiB", |medians| float(medians.load_memory_bytes) / MIB)?;
    }
    Ok(())
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
    use crate::{
        limits::Limits,
        measure::Measured,
        report::{ServerReport, Settings},
    };

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
        Round::Measured(Measured {
            units_per_second,
            p50_ms: 1.0,
            p99_ms: 2.0,
            n_answered: 5,
            cpu_seconds_per_1000_requests: 0.25,
            load_memory_bytes: 30 << 20,
            read_back_memory_bytes: 40 << 20,
        })
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
                limits: Limits { durable_appends: 1234.0, durable_commits: 567.0, bulk_rows: 890_123.0 },
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
        assert!(text.contains("connection: CPU s per 1,000 requests | 0.250 | 0.250 | 1.00 : 1 | 0.250 |"), "{text}");
        assert!(
            text.contains(
                "2 cores of CPU, 24.0 GiB, Linux 6.1, load average 0.25 before; databases on ext4\n- limits of one thread: 1,234 durable"
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
