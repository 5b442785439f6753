//! One long series through `metrics/get-history`, page by page as the Python client asks.
//!
//! A server that starts fast is started again for each round: what it then takes is what reading takes, and nothing
//! that writing has left in memory hides it. The rate is that of a second reading, because the others are warm as well.

use anyhow::{Context as _, ensure};

use super::{Scope, start};
use crate::{
    client::Client,
    curve::{self, Curve},
    growth::Before,
    history::{self, CLIENT_PAGE},
    progress::step,
    report::{
        markdown::MIB,
        sheet::{Over, Sheet},
    },
    server::{Choice, Running, Server},
    stats::{float, grouped},
};

const CURVE: Curve = Curve::TrainLoss;

/// A server, and the run that holds the series.
struct Turn {
    server: Box<dyn Server>,
    /// `None` only while it is started again.
    running: Option<Running>,
    run_id: String,
}

pub(super) async fn measure(servers: &Choice, scope: &Scope) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new(format!("History of {} points", grouped(scope.n_points))).note(format!(
        "paged metrics/get-history, {} points a page; a loss as f32 with noise, logged 1,000 points a request; the client's \
         own decoding is not counted; memory is the growth of resident memory from before the first reading to the peak, \
         after a new start, where a start is short, and a page of one point",
        grouped(CLIENT_PAGE.into())
    ));
    let mut turns = Vec::new();
    let (rate, sealed) = ("just written, points/s", "at rest, points/s");
    let limit = Choice::naive()?;
    for server in servers.rivals()?.into_iter().chain([limit]) {
        sheet = sheet.column(server.name(), true);
        turns.push(write(server, scope).await?);
    }
    for (column, turn) in turns.iter().enumerate() {
        let running = turn.running.as_ref().context("it runs")?;
        running.resume().await;
        for _ in 0..scope.n_rounds {
            match read(running, &turn.run_id, scope).await {
                Ok(points_per_second) => sheet.add(column, rate, Over::Median, points_per_second),
                Err(error) => sheet.void(column, rate, &error),
            }
        }
        if turn.server.seals() {
            step(&format!("{}: until it has sealed", turn.server.name()));
            running.rest(scope.idle).await?;
        }
        running.pause();
    }
    for round in 0..scope.n_rounds {
        for turn in 0..turns.len() {
            let column = (turn + round) % turns.len();
            let turn = &mut turns[column];
            let measured = take(turn, scope).await;
            match measured {
                Ok((points_per_second, growth)) => {
                    sheet.add(column, sealed, Over::Median, points_per_second);
                    sheet.add(column, "memory growth, MiB", Over::Most, growth);
                }
                Err(error) => sheet.void(column, sealed, &error),
            }
        }
    }
    Ok(sheet)
}

async fn write(server: Box<dyn Server>, scope: &Scope) -> anyhow::Result<Turn> {
    let running = start(server.as_ref(), scope).await?;
    running.resume().await;
    let mut client = Client::connect(running.address).await?;
    let run_id = client.create_runs(1).await?.pop().context("no run")?;
    step(&format!("{}: writing {} points", server.name(), scope.n_points));
    curve::log(&mut client, &run_id, &[CURVE], 0, scope.n_points).await?;
    running.pause();
    Ok(Turn { server, running: Some(running), run_id })
}

/// Points per second, and the growth of memory in MiB.
async fn take(turn: &mut Turn, scope: &Scope) -> anyhow::Result<(f64, f64)> {
    let mut running = turn.running.take().context("it was not started again")?;
    running.resume().await;
    if turn.server.starts_fast() {
        running = running.restart(turn.server.as_ref()).await?;
    }
    let running = turn.running.insert(running);
    // A point, so that code and schema, which any request needs, are there already.
    let mut client = Client::connect(running.address).await?;
    client.get_raw(&history::uri(&turn.run_id, CURVE.key(), Some(1))).await?;
    let before = Before::of(&running.processes())?;
    read(running, &turn.run_id, scope).await?;
    let growth = float(before.growth_bytes(&running.processes())) / MIB;
    let rate = read(running, &turn.run_id, scope).await?;
    running.pause();
    Ok((rate, growth))
}

/// Reads and checks the whole history. Points per second.
async fn read(running: &Running, run_id: &str, scope: &Scope) -> anyhow::Result<f64> {
    let mut client = Client::connect(running.address).await?;
    let (points, time) = history::read(&mut client, run_id, CURVE.key(), Some(CLIENT_PAGE)).await?;
    ensure!(points.len() as u64 == scope.n_points, "{} points were read, not {}", points.len(), scope.n_points);
    for (point, expected) in points.iter().zip(CURVE.points(0, scope.n_points)) {
        ensure!(*point == expected, "{point:?} was read, {expected:?} was written");
    }
    Ok(float(scope.n_points) / time.as_secs_f64())
}
