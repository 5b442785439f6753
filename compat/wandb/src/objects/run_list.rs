//! The runs of a project: those that pass a filter, in an order, page by page.
//!
//! The store searches by what it has columns for. Where that is not the whole filter, what it finds is read page by page
//! and held against it; where it cannot sort, the keys of all that pass are.

use trackside_core::{
    Error, ErrorKind, Json, PageRequest, PageToken, Query, Result, Run, RunId,
    query::{Order as By, RunField},
};
use trackside_wandb_wire::{
    executor::{Arguments, Node},
    filter::{Candidate, Filter, Order, Sorted},
    projection, summary,
};

use super::{RunObject, connection};
use crate::{caller::Caller, project::Project, records, runs};

/// Runs of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;
/// Runs read at once to be held against a filter.
const AT_ONCE: usize = 200;
/// Runs that are sorted here.
const MOST_SORTED: usize = 10_000;

/// How many runs pass.
pub(super) async fn count(caller: &Caller, project: &Project, arguments: &Arguments) -> Result<u64> {
    let (door, experiment) = (&caller.door, project.experiment.id);
    let text = arguments.text("filters").unwrap_or_default();
    let filter = Filter::parse(Some(text))?;
    let (search, is_exact) = filter.search();
    if is_exact {
        return door.service.count_runs(vec![experiment], Query { filter: search, ..Query::default() }).await;
    }
    if let Some(count) = door.counts.of(experiment, text, door.service.now()) {
        return Ok(count);
    }
    let mut walk = Walk::new(caller, project, &filter, Vec::new(), false);
    let mut count = 0;
    while let Some(found) = walk.next(AT_ONCE).await? {
        count += found.runs.iter().filter(|found| found.passes).count() as u64;
    }
    door.counts.keep(experiment, text, door.service.now(), count);
    Ok(count)
}

/// A page of them.
pub(super) async fn page(caller: &Caller, project: &Project, arguments: &Arguments) -> Result<Node> {
    let filter = Filter::parse(arguments.text("filters"))?;
    let order = Order::parse(arguments.text("order"));
    let limit = arguments.size("first", PAGE, MOST);
    let after = arguments.filled("after").map(Cursor::parse).transpose()?;
    match order.sorted() {
        Sorted::ByStore(by) => by_store(Walk::new(caller, project, &filter, by, false), limit, after).await,
        Sorted::InMemory => in_memory(caller, project, &filter, &order, limit, after).await,
    }
}

async fn by_store(mut walk: Walk<'_>, limit: usize, after: Option<Cursor>) -> Result<Node> {
    let Cursor { token, mut skip } = after.unwrap_or_default();
    walk.after = token.map(PageToken::new);
    let at_once = if walk.is_exact { limit } else { AT_ONCE };
    let mut edges = Vec::new();
    while let Some(found) = walk.next(at_once).await? {
        let n = found.runs.len();
        for (at, found_run) in found.runs.into_iter().enumerate().skip(std::mem::take(&mut skip)) {
            if !found_run.passes {
                continue;
            }
            let cursor = Cursor { token: found.token.clone(), skip: at + 1 };
            edges.push((cursor.to_text(), walk.node(found_run.run)));
            if edges.len() == limit {
                return Ok(connection(edges, at + 1 < n || !walk.is_over, None));
            }
        }
    }
    Ok(connection(edges, false, None))
}

async fn in_memory(
    caller: &Caller,
    project: &Project,
    filter: &Filter,
    order: &Order,
    limit: usize,
    after: Option<Cursor>,
) -> Result<Node> {
    let mut walk = Walk::new(caller, project, filter, Vec::new(), order.needs_documents());
    walk.order = Some(order);
    let mut keys: Vec<(Json, RunId)> = Vec::new();
    while let Some(found) = walk.next(AT_ONCE).await? {
        let passing = found.runs.into_iter().filter(|found| found.passes);
        keys.extend(passing.map(|found| (found.key, found.run.info.id)));
        if keys.len() > MOST_SORTED {
            let why =
                format!("more than {MOST_SORTED} runs would have to be sorted: narrow the filter, or sort otherwise");
            return Err(Error::new(ErrorKind::Unsupported, why));
        }
    }
    keys.sort_by(|(a, _), (b, _)| order.compare(a, b));
    let skip = after.map_or(0, |cursor| cursor.skip);
    let has_next = keys.len() > skip.saturating_add(limit);
    let mut edges = Vec::new();
    for (at, (_, id)) in keys.into_iter().enumerate().skip(skip).take(limit) {
        let Some(run) = runs::by_id(&caller.door.service, &id).await? else { continue };
        edges.push((Cursor { token: None, skip: at + 1 }.to_text(), walk.node(run)));
    }
    Ok(connection(edges, has_next, None))
}

/// Where a page begins: so many runs behind the place that a token of the store names.
#[derive(Debug, Default, PartialEq, Eq)]
struct Cursor {
    token: Option<String>,
    skip: usize,
}

impl Cursor {
    fn parse(text: &str) -> Result<Self> {
        let (skip, token) = text.split_once(':').unwrap_or((text, ""));
        let skip = skip.parse().map_err(|_| Error::invalid("the cursor is not one of this server"))?;
        Ok(Self { token: (!token.is_empty()).then(|| token.to_owned()), skip })
    }

    fn to_text(&self) -> String {
        format!("{}:{}", self.skip, self.token.as_deref().unwrap_or_default())
    }
}

/// The runs that the store finds, page by page, each held against the whole filter.
struct Walk<'a> {
    caller: &'a Caller,
    project: &'a Project,
    filter: &'a Filter,
    query: Query<RunField>,
    is_exact: bool,
    needs_documents: bool,
    order: Option<&'a Order>,
    after: Option<PageToken>,
    is_over: bool,
}

/// What the store found behind a token.
struct Found {
    token: Option<String>,
    runs: Vec<FoundRun>,
}

struct FoundRun {
    run: Run,
    passes: bool,
    key: Json,
}

impl<'a> Walk<'a> {
    fn new(
        caller: &'a Caller,
        project: &'a Project,
        filter: &'a Filter,
        order: Vec<By<RunField>>,
        needs_documents: bool,
    ) -> Self {
        let (search, is_exact) = filter.search();
        let query = Query { filter: search, order, ..Query::default() };
        let needs_documents = needs_documents || (!is_exact && filter.needs_documents());
        Self { caller, project, filter, query, is_exact, needs_documents, order: None, after: None, is_over: false }
    }

    async fn next(&mut self, limit: usize) -> Result<Option<Found>> {
        if self.is_over {
            return Ok(None);
        }
        let token = self.after.as_ref().map(|token| token.as_str().to_owned());
        let request = PageRequest { limit, after: self.after.take() };
        let service = &self.caller.door.service;
        let page = service.search_runs(vec![self.project.experiment.id], self.query.clone(), request).await?;
        self.is_over = page.next.is_none();
        self.after = page.next;
        let (configs, summaries) = if self.needs_documents {
            let ids: Vec<RunId> = page.items.iter().map(|run| run.info.id.clone()).collect();
            let configs = service.documents(ids.clone(), &records::key(records::CONFIG)?).await?;
            (configs, service.documents(ids, &records::key(records::SUMMARY)?).await?)
        } else {
            (Vec::new(), Vec::new())
        };
        let mut documents = configs.into_iter().zip(summaries);
        let runs = page.items.into_iter().map(|run| self.held(run, documents.next())).collect();
        Ok(Some(Found { token, runs }))
    }

    fn held(&self, run: Run, documents: Option<(Option<String>, Option<String>)>) -> FoundRun {
        let (config, summary) = documents.unwrap_or_default();
        let candidate = Candidate {
            run: &run,
            config: self.needs_documents.then(|| projection::whole(config.as_deref(), &run.params)),
            summary: self.needs_documents.then(|| summary::whole(summary.as_deref(), &run.metrics)),
            heartbeat: self.caller.door.pulse.last_sign(&run),
        };
        let passes = self.is_exact || candidate.passes(self.filter);
        let key = self.order.map_or(Json::Null, |order| order.key(&candidate));
        FoundRun { run, passes, key }
    }

    fn node(&self, run: Run) -> Node {
        Node::object(RunObject::new(self.caller, self.project, run))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        for cursor in [Cursor::default(), Cursor { token: Some("a:b".to_owned()), skip: 7 }] {
            assert_eq!(Cursor::parse(&cursor.to_text()).unwrap(), cursor);
        }
        for bad in ["x", ":", "-1:a", "1.5"] {
            assert!(Cursor::parse(bad).is_err(), "{bad}");
        }
    }
}
