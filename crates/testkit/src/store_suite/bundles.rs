//! Collections and bundles: how they come to be, change, and where they are members.

use trackside_core::{
    ArtifactPath, Bundle, BundleChange as Change, BundleFile, BundleId, BundleRelation, BundleState, Collection,
    CollectionChange, CollectionId, CollectionRole, ErrorKind, ExperimentChange, ExperimentId, Member, NewBundle,
    NewCollection, RunId, Store, WhichMember, fault,
};

use super::scene::{assert_fault, assert_kind, experiment, run};
use crate::fixture::{at, key};

async fn collection(store: &dyn Store, experiment: ExperimentId, name: &str, role: CollectionRole) -> Collection {
    store.ensure_collection(new_collection(experiment, name, role)).await.unwrap()
}

fn new_collection(experiment: ExperimentId, name: &str, role: CollectionRole) -> NewCollection {
    NewCollection { experiment, name: key(name), kind: key("dataset"), role, created_at: at(1_000) }
}

fn new_bundle(home: CollectionId, digest: &str, aliases: &[&str]) -> NewBundle {
    NewBundle {
        home,
        digest: digest.to_owned(),
        description: None,
        metadata: None,
        run: None,
        step: None,
        created_at: at(2_000),
        labels: Vec::new(),
        lifetime_secs: None,
        aliases: texts(aliases),
        client_id: None,
        home_client_id: None,
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn file(path: &str, size: u64) -> BundleFile {
    let path = ArtifactPath::parse(path).unwrap();
    BundleFile { path, digest: format!("md5-{size}"), size, reference: None, more: None }
}

/// A committed bundle of one file.
async fn committed(store: &dyn Store, home: CollectionId, digest: &str, aliases: &[&str]) -> Bundle {
    let created = store.create_bundle(new_bundle(home, digest, aliases)).await.unwrap();
    store.commit_bundle(created.id, vec![file("a", 1)], at(3_000)).await.unwrap()
}

async fn versions(store: &dyn Store) -> CollectionId {
    let experiment = experiment(store, "vision").await;
    collection(store, experiment, "data", CollectionRole::Versions).await.id
}

async fn change(store: &dyn Store, id: BundleId, change: Change) {
    store.change_bundle(id, change, at(5_000)).await.unwrap();
}

async fn aliases(store: &dyn Store, collection: CollectionId) -> Vec<(u32, Vec<String>)> {
    let members = store.members(collection, None, 100).await.unwrap();
    members.into_iter().map(|member| (member.number, member.aliases)).collect()
}

fn numbers(members: &[Member]) -> Vec<u32> {
    members.iter().map(|member| member.number).collect()
}

pub async fn a_collection_is_made_once(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let made = collection(store, experiment, "data", CollectionRole::Versions).await;
    assert_eq!((made.name.as_str(), made.kind.as_str(), made.n_members), ("data", "dataset", 0));
    assert_eq!((made.created_at, made.updated_at, made.description.clone()), (at(1_000), at(1_000), None));
    assert_eq!(collection(store, experiment, "data", CollectionRole::Versions).await, made);
    assert_eq!(store.collection(made.id).await.unwrap().as_ref(), Some(&made));
    assert_eq!(store.collection_named(experiment, &key("data")).await.unwrap(), Some(made.clone()));
    let other = store.ensure_collection(NewCollection {
        kind: key("model"),
        ..new_collection(experiment, "data", CollectionRole::Versions)
    });
    assert_fault(other.await, &fault::collection_differs(&key("data"), &key("model")));
    let other = store.ensure_collection(new_collection(experiment, "data", CollectionRole::Links));
    assert_kind(other.await, ErrorKind::Conflict, "data");
}

pub async fn a_collection_needs_an_experiment_that_is_active(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let unknown = ExperimentId::new(77);
    let refused = store.ensure_collection(new_collection(unknown, "data", CollectionRole::Versions)).await;
    assert_kind(refused, ErrorKind::NotFound, "77");
    store.change_experiment(experiment, ExperimentChange::Delete, at(9)).await.unwrap();
    let refused = store.ensure_collection(new_collection(experiment, "data", CollectionRole::Versions)).await;
    assert_kind(refused, ErrorKind::Conflict, "active");
}

pub async fn collections_are_listed_and_changed(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let mut ids = Vec::new();
    for name in ["a", "b", "c"] {
        ids.push(collection(store, experiment, name, CollectionRole::Versions).await.id);
    }
    let first = store.collections(experiment, None, 2).await.unwrap();
    let rest = store.collections(experiment, Some(ids[1]), 2).await.unwrap();
    let names: Vec<_> = first.iter().chain(&rest).map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    for change in [
        CollectionChange::Rename(key("d")),
        CollectionChange::Describe(Some("words".to_owned())),
        CollectionChange::SetKind(key("model")),
        CollectionChange::AddLabels(texts(&["z", "x", "y"])),
        CollectionChange::AddLabels(texts(&["x"])),
        CollectionChange::DeleteLabels(texts(&["y", "never"])),
    ] {
        store.change_collection(ids[0], change, at(4_000)).await.unwrap();
    }
    let changed = store.collection(ids[0]).await.unwrap().unwrap();
    assert_eq!((changed.name.as_str(), changed.description.as_deref()), ("d", Some("words")));
    assert_eq!((changed.kind.as_str(), &changed.labels), ("model", &texts(&["x", "z"])));
    assert_eq!(changed.updated_at, at(4_000));
    let taken = store.change_collection(ids[1], CollectionChange::Rename(key("c")), at(1)).await;
    assert_fault(taken, &fault::collection_exists(&key("c")));
    let unknown = CollectionId::new(999);
    for change in [CollectionChange::Rename(key("x")), CollectionChange::Describe(None), CollectionChange::Delete] {
        let refused = store.change_collection(unknown, change, at(1)).await;
        assert_fault(refused, &fault::collection_not_found(unknown));
    }
}

pub async fn a_renamed_collection_keeps_its_folder(store: &dyn Store) {
    let experiment = experiment(store, "vision").await;
    let folder = async |id| store.collection(id).await.unwrap().unwrap().folder;
    let first = collection(store, experiment, "a", CollectionRole::Versions).await;
    assert_eq!(first.folder, key("a"));
    store.change_collection(first.id, CollectionChange::Rename(key("b")), at(1)).await.unwrap();
    store.change_collection(first.id, CollectionChange::Rename(key("c")), at(1)).await.unwrap();
    assert_eq!(folder(first.id).await, key("a"));
    let second = collection(store, experiment, "a", CollectionRole::Versions).await;
    assert!(second.id != first.id && second.folder != key("a"), "{second:?}");
    store.change_collection(second.id, CollectionChange::Rename(key("d")), at(1)).await.unwrap();
    let third = collection(store, experiment, "a", CollectionRole::Versions).await;
    assert!(![key("a"), second.folder].contains(&third.folder));
    assert_eq!(collection(store, experiment, "a", CollectionRole::Versions).await, third);
}

pub async fn a_deleted_collection_takes_its_bundles_along(store: &dyn Store) {
    let home = versions(store).await;
    let experiment = store.collection(home).await.unwrap().unwrap().experiment;
    let links = collection(store, experiment, "best", CollectionRole::Links).await.id;
    let bundle = committed(store, home, "x", &["latest"]).await;
    change(store, bundle.id, Change::Link(links, texts(&["prod"]))).await;
    store.change_collection(home, CollectionChange::Delete, at(1)).await.unwrap();
    assert_eq!(store.bundle(bundle.id).await.unwrap(), None);
    assert_eq!(aliases(store, links).await, []);
    assert_eq!(store.bundle_files(bundle.id, None, 9).await.unwrap(), []);
}

pub async fn a_new_bundle_is_pending_and_no_member(store: &dyn Store) {
    let home = versions(store).await;
    let experiment = store.collection(home).await.unwrap().unwrap().experiment;
    let maker = run(store, experiment, 1, Vec::new()).await;
    let new = NewBundle {
        description: Some("words".to_owned()),
        metadata: Some("{\"a\": 1}".to_owned()),
        run: Some(maker.clone()),
        step: Some(7),
        labels: texts(&["b", "a", "b"]),
        lifetime_secs: Some(60),
        ..new_bundle(home, "x", &["latest"])
    };
    let created = store.create_bundle(new).await.unwrap();
    let expected = Bundle {
        id: created.id,
        home,
        number: None,
        digest: "x".to_owned(),
        state: BundleState::Pending,
        description: Some("words".to_owned()),
        metadata: Some("{\"a\": 1}".to_owned()),
        run: Some(maker),
        step: Some(7),
        created_at: at(2_000),
        updated_at: at(2_000),
        size: 0,
        n_files: 0,
        labels: texts(&["a", "b"]),
        lifetime_secs: Some(60),
        draft: None,
    };
    assert_eq!(created, expected);
    assert_eq!(store.bundle(created.id).await.unwrap(), Some(expected));
    assert_eq!((aliases(store, home).await, store.memberships(created.id).await.unwrap()), (vec![], vec![]));
}

pub async fn what_a_bundle_needs(store: &dyn Store) {
    let home = versions(store).await;
    let unknown = CollectionId::new(999);
    let refused = store.create_bundle(new_bundle(unknown, "x", &[])).await;
    assert_fault(refused, &fault::collection_not_found(unknown));
    let nobody = RunId::fresh(5);
    let refused = store.create_bundle(NewBundle { run: Some(nobody.clone()), ..new_bundle(home, "x", &[]) }).await;
    assert_fault(refused, &fault::run_not_found(&nobody));
    let experiment = store.collection(home).await.unwrap().unwrap().experiment;
    let links = collection(store, experiment, "links", CollectionRole::Links).await.id;
    assert_kind(store.create_bundle(new_bundle(links, "x", &[])).await, ErrorKind::Conflict, "links");
}

pub async fn a_committed_bundle_is_a_member_with_its_files(store: &dyn Store) {
    let home = versions(store).await;
    let created = store.create_bundle(new_bundle(home, "x", &["latest", "best"])).await.unwrap();
    store.add_bundle_files(created.id, vec![file("gone", 9), file("b", 9)]).await.unwrap();
    change(store, created.id, Change::Draft("half".to_owned())).await;
    assert_eq!(store.bundle(created.id).await.unwrap().unwrap().draft.as_deref(), Some("half"));
    assert_eq!(store.number_bundle(created.id).await.unwrap(), 0);
    assert_eq!(store.number_bundle(created.id).await.unwrap(), 0);
    let far = BundleFile { reference: Some("s3://x".to_owned()), more: Some("{}".to_owned()), ..file("c/d", 5) };
    let files = vec![file("b", 2), file("a", 1), far.clone()];
    let done = store.commit_bundle(created.id, files.clone(), at(3_000)).await.unwrap();
    assert_eq!((done.state, done.number, done.size, done.n_files), (BundleState::Committed, Some(0), 8, 3));
    assert_eq!(done.draft, None);
    let late = store.change_bundle(created.id, Change::Draft(String::new()), at(1)).await;
    assert_fault(late, &fault::bundle_not_pending(created.id));
    assert_eq!(store.commit_bundle(created.id, Vec::new(), at(4_000)).await.unwrap(), done);
    let found = store.bundle_files(created.id, None, 2).await.unwrap();
    assert_eq!(found, [file("a", 1), file("b", 2)]);
    assert_eq!(store.bundle_files(created.id, Some(&found[1].path), 2).await.unwrap(), [far]);
    let member = store.member(home, WhichMember::Number(0)).await.unwrap().unwrap();
    assert_eq!((member.collection, member.number, &member.bundle), (home, 0, &done));
    assert_eq!((member.aliases, member.created_at), (texts(&["best", "latest"]), at(3_000)));
    let after = store.add_bundle_files(created.id, files).await;
    assert_fault(after, &fault::bundle_not_pending(created.id));
    assert_fault(store.number_bundle(created.id).await, &fault::bundle_not_pending(created.id));
}

pub async fn unknown_bundles_are_not_found(store: &dyn Store) {
    let home = versions(store).await;
    let unknown = BundleId::new(999);
    let expected = fault::bundle_not_found(unknown);
    assert_eq!(store.bundle(unknown).await.unwrap(), None);
    assert_eq!(store.bundle_of_client("nobody").await.unwrap(), None);
    assert_eq!(store.memberships(unknown).await.unwrap(), []);
    assert_eq!(store.member(home, WhichMember::Bundle(unknown)).await.unwrap(), None);
    assert_eq!(store.users_of_bundle(unknown).await.unwrap(), []);
    assert_fault(store.add_bundle_files(unknown, Vec::new()).await, &expected);
    assert_fault(store.number_bundle(unknown).await, &expected);
    assert_fault(store.commit_bundle(unknown, Vec::new(), at(1)).await, &expected);
    assert_fault(store.change_bundle(unknown, Change::Delete, at(1)).await, &expected);
}

pub async fn an_alias_moves_to_the_bundle_that_gets_it(store: &dyn Store) {
    let home = versions(store).await;
    committed(store, home, "x", &["latest", "first"]).await;
    let second = committed(store, home, "y", &["latest"]).await;
    let expected = vec![(1, texts(&["latest"])), (0, texts(&["first"]))];
    assert_eq!(aliases(store, home).await, expected);
    let found = store.member(home, WhichMember::Alias("latest".to_owned())).await.unwrap().unwrap();
    assert_eq!(found.bundle, second);
    change(store, second.id, Change::SetAliases(home, texts(&["first", "best"]))).await;
    change(store, second.id, Change::DeleteAliases(home, texts(&["latest", "never"]))).await;
    assert_eq!(aliases(store, home).await, [(1, texts(&["best", "first"])), (0, vec![])]);
    let experiment = store.collection(home).await.unwrap().unwrap().experiment;
    let other = collection(store, experiment, "other", CollectionRole::Links).await.id;
    let refused = store.change_bundle(second.id, Change::SetAliases(other, texts(&["x"])), at(1)).await;
    assert_fault(refused, &fault::not_a_member(second.id, other));
}

pub async fn equal_content_is_one_bundle_of_its_home(store: &dyn Store) {
    let home = versions(store).await;
    let first = committed(store, home, "x", &["latest"]).await;
    committed(store, home, "y", &["latest"]).await;
    let again = store.create_bundle(new_bundle(home, "x", &["latest", "again"])).await.unwrap();
    assert_eq!((again.id, again.state), (first.id, BundleState::Committed));
    assert_eq!(aliases(store, home).await, [(1, vec![]), (0, texts(&["again", "latest"]))]);
    let found = store.member(home, WhichMember::Digest("x".to_owned())).await.unwrap().unwrap();
    assert_eq!(found.bundle.id, first.id);
    // What is not committed yet may never be.
    let pending = store.create_bundle(new_bundle(home, "z", &[])).await.unwrap();
    assert_ne!(store.create_bundle(new_bundle(home, "z", &[])).await.unwrap().id, pending.id);
}

pub async fn a_client_calls_bundles_by_names_of_its_own(store: &dyn Store) {
    let home = versions(store).await;
    let named = |client_id: &str, digest: &str| NewBundle {
        client_id: Some(client_id.to_owned()),
        home_client_id: Some("the collection".to_owned()),
        ..new_bundle(home, digest, &["latest"])
    };
    let first = store.create_bundle(named("one", "x")).await.unwrap();
    assert_eq!(store.create_bundle(named("one", "x")).await.unwrap(), first);
    assert_eq!(store.bundle_of_client("one").await.unwrap(), Some(first.id));
    store.commit_bundle(first.id, Vec::new(), at(1)).await.unwrap();
    let second = store.create_bundle(named("two", "y")).await.unwrap();
    assert_eq!(store.bundle_of_client("the collection").await.unwrap(), Some(first.id));
    store.commit_bundle(second.id, Vec::new(), at(1)).await.unwrap();
    assert_eq!(store.bundle_of_client("the collection").await.unwrap(), Some(second.id));
}

pub async fn what_is_said_of_a_bundle_changes(store: &dyn Store) {
    let home = versions(store).await;
    let bundle = committed(store, home, "x", &[]).await;
    change(store, bundle.id, Change::Describe(Some("words".to_owned()))).await;
    change(store, bundle.id, Change::SetMetadata(Some("{}".to_owned()))).await;
    change(store, bundle.id, Change::AddLabels(texts(&["c", "a", "b"]))).await;
    change(store, bundle.id, Change::DeleteLabels(texts(&["a", "never"]))).await;
    change(store, bundle.id, Change::SetLifetime(Some(7))).await;
    assert_eq!(store.bundle(bundle.id).await.unwrap().unwrap().lifetime_secs, Some(7));
    let again = NewBundle { lifetime_secs: Some(8), ..new_bundle(home, "x", &[]) };
    assert_eq!(store.create_bundle(again).await.unwrap().lifetime_secs, Some(8));
    assert_eq!(store.create_bundle(new_bundle(home, "x", &[])).await.unwrap().lifetime_secs, Some(8));
    change(store, bundle.id, Change::SetLifetime(None)).await;
    let changed = store.bundle(bundle.id).await.unwrap().unwrap();
    assert_eq!((changed.description.as_deref(), changed.metadata.as_deref()), (Some("words"), Some("{}")));
    assert_eq!((changed.lifetime_secs, changed.labels, changed.updated_at), (None, texts(&["b", "c"]), at(5_000)));
    assert_eq!(store.collection(home).await.unwrap().unwrap().updated_at, at(5_000));
}

pub async fn a_linked_bundle_is_a_member_of_both(store: &dyn Store) {
    let home = versions(store).await;
    let experiment = experiment(store, "registry").await;
    let links = collection(store, experiment, "best", CollectionRole::Links).await.id;
    let first = committed(store, home, "x", &["latest"]).await;
    let second = committed(store, home, "y", &["latest"]).await;
    for bundle in [&second, &first] {
        change(store, bundle.id, Change::Link(links, texts(&["prod"]))).await;
    }
    change(store, second.id, Change::Link(links, texts(&["old"]))).await;
    assert_eq!(aliases(store, links).await, [(1, texts(&["prod"])), (0, texts(&["old"]))]);
    let of_first = store.memberships(first.id).await.unwrap();
    let places: Vec<_> = of_first.iter().map(|member| (member.collection, member.number)).collect();
    assert_eq!(places, [(home, 0), (links, 1)]);
    assert_eq!(store.collection(links).await.unwrap().unwrap().n_members, 2);
    change(store, first.id, Change::Unlink(links)).await;
    change(store, first.id, Change::Unlink(home)).await;
    assert_eq!(numbers(&store.memberships(first.id).await.unwrap()), [0]);
    change(store, first.id, Change::Link(links, vec![])).await;
    assert_eq!(numbers(&store.members(links, None, 9).await.unwrap()), [2, 0]);
    assert_kind(store.change_bundle(first.id, Change::Link(home, vec![]), at(1)).await, ErrorKind::Conflict, "data");
    let pending = store.create_bundle(new_bundle(home, "z", &[])).await.unwrap();
    let refused = store.change_bundle(pending.id, Change::Link(links, vec![]), at(1)).await;
    assert_fault(refused, &fault::bundle_not_committed(pending.id));
}

pub async fn a_deleted_bundle_leaves_its_number(store: &dyn Store) {
    let home = versions(store).await;
    let first = committed(store, home, "x", &["latest"]).await;
    change(store, first.id, Change::Delete).await;
    let gone = store.bundle(first.id).await.unwrap().unwrap();
    assert_eq!((gone.state, aliases(store, home).await), (BundleState::Deleted, vec![]));
    assert_eq!(store.bundle_files(first.id, None, 9).await.unwrap(), []);
    for change in [Change::Describe(None), Change::Delete, Change::SetAliases(home, texts(&["x"]))] {
        assert_fault(store.change_bundle(first.id, change, at(1)).await, &fault::bundle_not_found(first.id));
    }
    assert_fault(store.commit_bundle(first.id, vec![], at(1)).await, &fault::bundle_not_pending(first.id));
    let again = committed(store, home, "x", &[]).await;
    assert_eq!((again.number, again.id == first.id), (Some(1), false));
}

pub async fn members_come_highest_first_on_disjoint_pages(store: &dyn Store) {
    let home = versions(store).await;
    for n in 0..5 {
        committed(store, home, &n.to_string(), &[]).await;
    }
    assert_eq!(numbers(&store.members(home, None, 2).await.unwrap()), [4, 3]);
    assert_eq!(numbers(&store.members(home, Some(3), 9).await.unwrap()), [2, 1, 0]);
    assert_eq!(store.members(home, Some(0), 9).await.unwrap(), []);
}

pub async fn runs_make_and_use_bundles(store: &dyn Store) {
    let home = versions(store).await;
    let experiment = store.collection(home).await.unwrap().unwrap().experiment;
    let (maker, user) = (run(store, experiment, 1, Vec::new()).await, run(store, experiment, 2, Vec::new()).await);
    let mut ids = Vec::new();
    for digest in ["x", "y", "z"] {
        let new = NewBundle { run: Some(maker.clone()), ..new_bundle(home, digest, &[]) };
        let id = store.create_bundle(new).await.unwrap().id;
        store.commit_bundle(id, Vec::new(), at(1)).await.unwrap();
        ids.push(id);
    }
    for id in [ids[0], ids[2], ids[0]] {
        change(store, id, Change::Use(user.clone())).await;
    }
    let of = async |run: &RunId, relation, after| {
        let found = store.bundles_of_run(run, relation, after, 2).await.unwrap();
        found.iter().map(|member| member.bundle.id).collect::<Vec<_>>()
    };
    assert_eq!(of(&maker, BundleRelation::Made, None).await, ids[..2]);
    assert_eq!(of(&maker, BundleRelation::Made, Some(ids[1])).await, ids[2..]);
    assert_eq!(of(&user, BundleRelation::Used, None).await, [ids[0], ids[2]]);
    assert_eq!(of(&user, BundleRelation::Made, None).await, []);
    assert_eq!(of(&RunId::fresh(77), BundleRelation::Used, None).await, []);
    assert_eq!(store.users_of_bundle(ids[0]).await.unwrap(), [user]);
    let nobody = RunId::fresh(77);
    let refused = store.change_bundle(ids[0], Change::Use(nobody.clone()), at(1)).await;
    assert_fault(refused, &fault::run_not_found(&nobody));
}

pub async fn a_digest_is_needed_by_files_that_are_kept_here_and_by_drafts(store: &dyn Store) {
    let home = versions(store).await;
    let named = |path: &str, digest: &str| BundleFile { digest: digest.to_owned(), ..file(path, 1) };
    let far = BundleFile { reference: Some("s3://x".to_owned()), ..named("far", "far") };
    let unneeded = async |digests: &[&str]| store.unneeded_digests(texts(digests)).await.unwrap();
    let announced = store.create_bundle(new_bundle(home, "x", &[])).await.unwrap().id;
    store.add_bundle_files(announced, vec![named("a", "announced"), far]).await.unwrap();
    change(store, announced, Change::Draft("[{\"digest\":\"spelled\"}]".to_owned())).await;
    let all = ["announced", "spelled", "far", "never"];
    assert_eq!(unneeded(&all).await, ["far", "never"]);
    assert_eq!(unneeded(&[]).await, texts(&[]));
    // What is committed needs its files, and no draft any more.
    store.commit_bundle(announced, vec![named("b", "kept")], at(1)).await.unwrap();
    assert_eq!(unneeded(&["announced", "spelled", "kept"]).await, ["announced", "spelled"]);
    change(store, announced, Change::Delete).await;
    assert_eq!(unneeded(&["kept"]).await, ["kept"]);
    let given_up = store.create_bundle(new_bundle(home, "y", &[])).await.unwrap().id;
    change(store, given_up, Change::Draft("spelled".to_owned())).await;
    assert_eq!(unneeded(&["spelled"]).await, texts(&[]));
    change(store, given_up, Change::Delete).await;
    assert_eq!(unneeded(&["spelled"]).await, ["spelled"]);
}

pub async fn bundles_expire_that_nobody_has_named_or_linked(store: &dyn Store) {
    let home = versions(store).await;
    let experiment = store.collection(home).await.unwrap().unwrap().experiment;
    let links = collection(store, experiment, "best", CollectionRole::Links).await.id;
    let mut ids = Vec::new();
    for (digest, lifetime_secs) in
        [("plain", Some(10)), ("later", Some(11)), ("named", Some(10)), ("linked", Some(10)), ("for good", None)]
    {
        let new = NewBundle { lifetime_secs, ..new_bundle(home, digest, &["latest"]) };
        let id = store.create_bundle(new).await.unwrap().id;
        store.commit_bundle(id, Vec::new(), at(3_000)).await.unwrap();
        ids.push(id);
    }
    let pending = NewBundle { lifetime_secs: Some(1), ..new_bundle(home, "pending", &[]) };
    store.create_bundle(pending).await.unwrap();
    change(store, ids[2], Change::SetAliases(home, texts(&["best"]))).await;
    change(store, ids[3], Change::Link(links, Vec::new())).await;
    let expired = async |until, after, limit| store.expired_bundles(at(until), after, limit).await.unwrap();
    assert_eq!(expired(11_999, None, 9).await, []);
    assert_eq!(expired(12_000, None, 9).await, ids[..1]);
    assert_eq!(expired(13_000, None, 1).await, ids[..1]);
    assert_eq!(expired(13_000, Some(ids[0]), 9).await, ids[1..2]);
    change(store, ids[0], Change::SetAliases(home, texts(&["latest"]))).await;
    change(store, ids[1], Change::Delete).await;
    change(store, ids[2], Change::DeleteAliases(home, texts(&["best"]))).await;
    change(store, ids[3], Change::Unlink(links)).await;
    assert_eq!(expired(i64::MAX, None, 9).await, [ids[0], ids[2], ids[3]]);
}
