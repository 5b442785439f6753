//! What is in the registries of the organisation: which there are, their collections, and the versions in these.
//!
//! Clients filter each as MongoDB does. Registries and collections are few and read as a whole; versions are read shelf by
//! shelf until a page is full.

use trackside_core::{Json, Object, Result};
use trackside_wandb_wire::{
    artifact_name::registry_number,
    executor::{Arguments, Node},
    filter::Filter,
    node_id,
    run_name::ProjectName,
};

use super::{CollectionObject, MembershipObject, Payload, RegistryObject, connection, page_info};
use crate::{
    artifacts::{Catalog, Holds, Place, Shelf},
    caller::Caller,
};

/// Things of a page where the client does not say, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;
/// Versions looked at for one page; clients ask on when it is not full.
const MOST_LOOKED_AT: usize = 5_000;
/// Versions read at once.
const AT_ONCE: usize = 500;
/// When registries were made: they were always there.
const ALWAYS: &str = "1970-01-01T00:00:00Z";
/// Kind of the places where pages of versions end.
const CURSOR: &str = "RegistryVersion";

/// The registries.
pub(super) async fn registries(caller: &Caller, arguments: &Arguments) -> Result<Node> {
    let filter = Filter::named(arguments.text("filters"))?;
    let catalog = Catalog::read(&caller.door.service).await?;
    let passing = catalog.registries().filter(|name| filter.passes(&of_registry(&name.project)));
    let order = Order::parse(arguments.text("order"));
    let found = order.sorted(passing.map(|name| (of_registry(&name.project), name)).collect());
    let node = |name: ProjectName| Node::object(RegistryObject::new(caller, name));
    Ok(paged(found.into_iter().map(node), arguments))
}

/// Collections of registries.
pub(super) async fn collections(caller: &Caller, arguments: &Arguments) -> Result<Node> {
    let registries = Filter::named(arguments.text("projectFilters"))?;
    let filter = Filter::named(arguments.text("filters"))?;
    let catalog = Catalog::read(&caller.door.service).await?;
    let shelves = catalog.shelves(|name| registries.passes(&of_registry(name)));
    let passing = shelves.map(|shelf| (of_shelf(shelf), shelf)).filter(|(fields, _)| filter.passes(fields));
    let found = Order::parse(arguments.text("order")).sorted(passing.collect());
    let node = |shelf: &Shelf| Node::object(CollectionObject::new(caller, shelf.clone()));
    Ok(paged(found.into_iter().map(node), arguments))
}

/// Versions in collections of registries, by registry and collection, the highest first.
pub(super) async fn versions(caller: &Caller, arguments: &Arguments) -> Result<Node> {
    let service = &caller.door.service;
    let registries = Filter::named(arguments.text("projectFilters"))?;
    let collections = Filter::named(arguments.text("collectionFilters"))?;
    let filter = Filter::named(arguments.text("filters"))?;
    let limit = arguments.size("first", PAGE, MOST);
    let after = arguments.filled("after").map(Cursor::parse).transpose()?;
    let catalog = Catalog::read(service).await?;
    let (mut edges, mut n_looked_at, mut last) = (Vec::new(), 0, None);
    for shelf in catalog.shelves(|name| registries.passes(&of_registry(name))) {
        let order = after.as_ref().map(|after| after.cmp_shelf(shelf));
        if order.is_some_and(std::cmp::Ordering::is_gt) || !collections.passes(&of_shelf(shelf)) {
            continue;
        }
        let mut before = after.as_ref().filter(|_| order.is_some_and(std::cmp::Ordering::is_eq)).map(|at| at.number);
        loop {
            let places = Place::page(service, shelf, before, AT_ONCE).await?;
            let Some(lowest) = places.last() else { break };
            before = Some(lowest.number);
            for place in places {
                if edges.len() >= limit || n_looked_at >= MOST_LOOKED_AT {
                    return Ok(page(edges, last.as_ref(), true));
                }
                n_looked_at += 1;
                let cursor = Cursor::of(&place);
                if filter.passes(&of_place(&place)) {
                    let node = Node::object(MembershipObject::new(caller, place));
                    edges.push((cursor.written(), node));
                }
                last = Some(cursor);
            }
        }
    }
    Ok(page(edges, last.as_ref(), false))
}

fn page(edges: Vec<(String, Node)>, last: Option<&Cursor>, has_next: bool) -> Node {
    // Behind all that were looked at, whether they passed or not.
    let info = page_info(last.map(Cursor::written).as_deref(), has_next);
    let edge = |(cursor, node): (String, Node)| Payload::node("Edge", [("cursor", cursor.into()), ("node", node)]);
    let edges = Node::List(edges.into_iter().map(edge).collect());
    Payload::node("ArtifactCollectionMembershipConnection", [("edges", edges), ("pageInfo", info.into())])
}

/// A page of what is all there; cursors are places in the order.
fn paged(all: impl ExactSizeIterator<Item = Node>, arguments: &Arguments) -> Node {
    let (total, limit) = (all.len(), arguments.size("first", PAGE, MOST));
    let after = arguments.filled("after").and_then(|cursor| cursor.parse().ok()).unwrap_or(0);
    let page: Vec<_> = all.enumerate().skip(after).take(limit).map(|(n, node)| ((n + 1).to_string(), node)).collect();
    let has_next = after.saturating_add(page.len()) < total;
    connection(page, has_next, Some(total))
}

/// Where a page of versions ends.
#[derive(Debug)]
struct Cursor {
    registry: String,
    collection: String,
    number: u32,
}

impl Cursor {
    fn of(place: &Place) -> Self {
        let registry = place.shelf.room.name().project.clone();
        Self { registry, collection: place.shelf.name().to_owned(), number: place.number }
    }

    fn parse(text: &str) -> Result<Self> {
        let inner = node_id::decode(CURSOR, text)?;
        let mut parts = inner.splitn(3, '\n');
        let mut next = || parts.next().unwrap_or_default().to_owned();
        let (number, registry, collection) = (next(), next(), next());
        let number = number.parse().map_err(|_| trackside_core::Error::invalid(format!("'{text}' is no cursor")))?;
        Ok(Self { registry, collection, number })
    }

    fn written(&self) -> String {
        node_id::encode(CURSOR, &format!("{}\n{}\n{}", self.number, self.registry, self.collection))
    }

    fn cmp_shelf(&self, shelf: &Shelf) -> std::cmp::Ordering {
        (self.registry.as_str(), self.collection.as_str()).cmp(&(shelf.room.name().project.as_str(), shelf.name()))
    }
}

/// By which field, and whether upwards.
#[derive(Debug)]
struct Order {
    field: String,
    ascending: bool,
}

impl Order {
    fn parse(text: Option<&str>) -> Self {
        let text = text.filter(|text| !text.is_empty()).unwrap_or("name");
        let (ascending, field) = text.strip_prefix('-').map_or((true, text), |field| (false, field));
        Self { field: field.trim_start_matches('+').to_owned(), ascending }
    }

    /// Things by their fields, which are texts.
    fn sorted<T>(&self, things: Vec<(Object, T)>) -> Vec<T> {
        let key = |fields: &Object| fields.get(&self.field).and_then(Json::as_text).unwrap_or_default().to_owned();
        let mut things: Vec<_> = things.into_iter().map(|(fields, thing)| (key(&fields), thing)).collect();
        things.sort_by(|(a, _), (b, _)| if self.ascending { a.cmp(b) } else { b.cmp(a) });
        things.into_iter().map(|(_, thing)| thing).collect()
    }
}

fn of_registry(name: &str) -> Object {
    fields([
        ("id", registry_number(name).into()),
        ("name", name.into()),
        ("created_at", ALWAYS.into()),
        ("updated_at", ALWAYS.into()),
    ])
}

fn of_shelf(shelf: &Shelf) -> Object {
    let id = shelf.id();
    fields([
        ("artifact_collection_id", id.as_str().into()),
        ("id", id.as_str().into()),
        ("name", shelf.name().into()),
        ("tag", texts(shelf.labels())),
        ("description", shelf.description().map_or(Json::Null, Json::from)),
        ("created_at", shelf.created_at().rfc3339().as_str().into()),
        ("updated_at", shelf.updated_at().rfc3339().as_str().into()),
    ])
}

fn of_place(place: &Place) -> Object {
    let version = format!("v{}", place.number);
    let (id, tags, metadata, updated_at) = match &place.holds {
        Holds::Bundle(bundle) => {
            let metadata = bundle.metadata.as_deref().and_then(|text| Json::parse(text).ok());
            let id = crate::artifacts::id(bundle.id);
            (id, bundle.labels.clone(), metadata.unwrap_or(Json::Null), bundle.updated_at)
        }
        Holds::Version(version) => (crate::artifacts::version_id(version), Vec::new(), Json::Null, version.updated_at),
    };
    let aliases = place.aliases.iter().cloned().chain([version.clone()]).collect();
    fields([
        ("id", id.as_str().into()),
        // Clients spell it either way.
        ("version", Json::List(vec![i64::from(place.number).into(), version.as_str().into()])),
        ("tag", texts(tags)),
        ("alias", texts(aliases)),
        ("metadata", metadata),
        ("created_at", place.created_at.rfc3339().as_str().into()),
        ("updated_at", updated_at.rfc3339().as_str().into()),
    ])
}

fn fields<const N: usize>(fields: [(&str, Json); N]) -> Object {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn texts(texts: Vec<String>) -> Json {
    Json::List(texts.into_iter().map(Json::Text).collect())
}
