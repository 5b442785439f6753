//! The first page of a search, and the deepest, as runs grow. Pages are reached by their tokens, one after the other;
//! each is compared with the one that is known to be right, so order, filter and repeated rows are checked at once.

use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;

use super::{
    Scope, filling,
    trial::{self, Search},
};
use crate::{
    client::{Client, excerpt},
    progress::step,
    report::sheet::{Over, Sheet},
    stats::{Latencies, grouped},
};

const PAGE: usize = 100;
/// The deepest page that is reached.
const DEEPEST: usize = 900;
/// For the way to that page.
const LIMIT: Duration = Duration::from_mins(20);

#[derive(Debug, Deserialize)]
struct Found {
    #[serde(default)]
    runs: Vec<Run>,
    next_page_token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Run {
    info: Info,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Info {
    run_name: String,
}

#[derive(Debug, Deserialize)]
struct Data {
    metrics: Vec<IgnoredAny>,
    params: Vec<IgnoredAny>,
    tags: Vec<IgnoredAny>,
}

/// One page, how to ask for it, and what it holds.
struct Page<'a> {
    body: String,
    numbers: &'a [u64],
}

pub(super) async fn measure(scope: &Scope) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::new("Search").note(format!(
        "runs/search, {PAGE} runs a page, ordered by a metric; each run has 10 params, 10 metrics, 5 tags; first and deepest \
         page (at most page {DEEPEST}) in turns, {} requests each a round",
        scope.n_requests
    ));
    let running = scope.start().await?;
    let experiment_id = Client::connect(running.address).await?.create_experiment().await?;
    let mut n_before = 0;
    for (column, n_runs) in scope.n_runs.into_iter().enumerate() {
        sheet = sheet.column(format!("{} runs", grouped(n_runs)), true);
        filling::fill(running.address, &experiment_id, n_before..n_runs, trial::content).await?;
        n_before = n_runs;
        scope.rest(&running).await?;
        let mut client = Client::connect(running.address).await?;
        for search in Search::EACH {
            if let Err(error) = of_search(&mut sheet, column, &mut client, &experiment_id, search, n_runs, scope).await
            {
                sheet.void(column, &row(search, "page 1", "p95"), &error);
            }
        }
    }
    Ok(sheet)
}

fn row(search: Search, page: &str, quantity: &str) -> String {
    format!("{}: {page}, {quantity} ms", search.title())
}

async fn of_search(
    sheet: &mut Sheet,
    column: usize,
    client: &mut Client,
    experiment_id: &str,
    search: Search,
    n_runs: u64,
    scope: &Scope,
) -> anyhow::Result<()> {
    let found = search.found(n_runs);
    step(&format!("{}: on the way to the deepest page", search.title()));
    let walk = walk(client, experiment_id, search, &found);
    let (first, deep) = tokio::time::timeout(LIMIT, walk).await.context("the deepest page is too far away")??;
    for _ in 0..scope.n_rounds {
        let (mut of_first, mut of_deep) = (Latencies::default(), Latencies::default());
        for _ in 0..scope.n_requests {
            of_first.push(ask(client, &first).await?.1);
            if let Some(deep) = &deep {
                of_deep.push(ask(client, deep).await?.1);
            }
        }
        for (name, latencies) in [("page 1", &mut of_first), ("deepest page", &mut of_deep)] {
            for (quantity, percent) in [("p50", 50), ("p95", 95)] {
                if let Some(ms) = latencies.percentile_ms(percent) {
                    sheet.add(column, &row(search, name, quantity), Over::Median, ms);
                }
            }
        }
    }
    Ok(())
}

/// From the first page to the deepest full one, which is `None` when that is the first one.
async fn walk<'a>(
    client: &mut Client,
    experiment_id: &str,
    search: Search,
    found: &'a [u64],
) -> anyhow::Result<(Page<'a>, Option<Page<'a>>)> {
    let body = |token: Option<&str>| {
        let mut body = json!({
            "experiment_ids": [experiment_id], "filter": search.filter(), "max_results": PAGE,
            "order_by": ["metrics.m1 DESC"],
        });
        if let Some(token) = token {
            body["page_token"] = token.into();
        }
        body.to_string()
    };
    let mut pages = found.chunks(PAGE).take(DEEPEST);
    let first = Page { body: body(None), numbers: pages.next().unwrap_or_default() };
    let (mut token, _) = ask(client, &first).await?;
    let mut deep = None;
    for (number, numbers) in (2..).zip(pages) {
        let page_token = token.as_deref().with_context(|| format!("page {} has no successor", number - 1))?;
        let page = Page { body: body(Some(page_token)), numbers };
        (token, _) = ask(client, &page).await.with_context(|| format!("page {number}"))?;
        if numbers.len() == PAGE {
            deep = Some(page);
        }
    }
    ensure!(found.len() > DEEPEST * PAGE || token.is_none(), "there is a page behind the last one");
    Ok((first, deep))
}

/// Asks for a page and checks it: the token of the next one, and the time that the answer took.
async fn ask(client: &mut Client, page: &Page<'_>) -> anyhow::Result<(Option<String>, Duration)> {
    let asked = Instant::now();
    let answer = client.send(http::Method::POST, "/api/2.0/mlflow/runs/search", page.body.clone().into()).await?;
    let time = asked.elapsed();
    ensure!(answer.status == 200, "the answer was {}: {}", answer.status, excerpt(&answer.body));
    let found: Found = serde_json::from_slice(&answer.body)?;
    let expected = page.numbers.iter().map(|number| filling::name(*number));
    ensure!(found.runs.iter().map(|run| &run.info.run_name).cloned().eq(expected), "other runs than are to be found");
    let is_whole = |run: &Run| {
        let data = &run.data;
        // The name of a run is also a tag.
        data.metrics.len() == 10 && data.params.len() == 10 && data.tags.len() >= 5
    };
    ensure!(found.runs.iter().all(is_whole), "a run without some of what it holds");
    Ok((found.next_page_token.filter(|token| !token.is_empty()), time))
}
