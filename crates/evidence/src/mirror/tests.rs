use trackside_core::{
    Key, Timestamp,
    ledger::{Action, Effect, Facet, NewLedgerEntry, Origin, RegistryState},
};

use super::*;

const ID: &str = "feed";

/// Both sides in memory: a plan is applied to them as the command does it.
struct World {
    state: RegistryState,
    trails: Trails,
    seq: u64,
    tags: Vec<GitTag>,
    base: Base,
}

impl World {
    fn new() -> Self {
        Self {
            state: RegistryState::default(),
            trails: Trails::default(),
            seq: 0,
            tags: Vec::new(),
            base: Base::new(ID),
        }
    }

    fn enter(&mut self, model: &str, reason: Option<&str>, mut effects: Vec<Effect>) {
        self.seq += 1;
        for effect in &mut effects {
            if effect.before.is_none() {
                effect.before = self.present(model, effect);
            }
        }
        let entry = NewLedgerEntry {
            at: Timestamp::from_millis(i64::try_from(self.seq).unwrap() * 10_000),
            model: Key::new(model.to_owned()).unwrap(),
            action: Action::MoveVersion,
            origin: Origin { reason: reason.map(str::to_owned), ..Origin::NOBODY },
            evidence: None,
            effects,
        };
        self.state.apply(&entry).unwrap();
        self.trails.apply(self.seq, &entry);
    }

    fn present(&self, model: &str, effect: &Effect) -> Option<String> {
        let model = self.state.models.get(model)?;
        let key = effect.key.clone().unwrap_or_default();
        match (effect.what, effect.version.and_then(|number| model.versions.get(&number))) {
            (Facet::Stage, Some(version)) => Some(version.stage.clone()).filter(|stage| !stage.is_empty()),
            (Facet::Tag, Some(version)) => version.tags.get(&key).cloned(),
            (Facet::Alias, None) => model.aliases.get(&key).map(u32::to_string),
            (Facet::Present, Some(_)) => Some("true".to_owned()),
            _ => None,
        }
    }

    fn create(&mut self, number: u32, semver: Option<&str>) {
        if !self.state.models.contains_key("m") {
            self.enter("m", None, vec![Effect::of_model(Facet::Present, None, Some("true".to_owned()))]);
        }
        let mut effects = vec![
            Effect::of_version(number, Facet::Present, None, Some("true".to_owned())),
            Effect::of_version(number, Facet::Stage, None, Some("None".to_owned())),
        ];
        let tag = |semver: &str| Effect::of_version(number, Facet::Tag, None, Some(semver.to_owned())).at(SEMVER_TAG);
        effects.extend(semver.map(tag));
        self.enter("m", None, effects);
    }

    fn stage(&mut self, number: u32, stage: &str) {
        self.enter("m", None, vec![Effect::of_version(number, Facet::Stage, None, Some(stage.to_owned()))]);
    }

    fn alias(&mut self, alias: &str, number: Option<u32>) {
        self.enter(
            "m",
            None,
            vec![Effect::of_model(Facet::Alias, None, number.map(|number| number.to_string())).at(alias)],
        );
    }

    fn delete(&mut self, number: u32) {
        self.enter("m", None, vec![Effect::of_version(number, Facet::Present, None, None)]);
    }

    /// A tag of somebody else.
    fn tag(&mut self, name: &str, commit: &str, at: i64) {
        self.put(name, commit, at, "Ada", "");
    }

    fn put(&mut self, name: &str, commit: &str, at: i64, by: &str, message: &str) {
        assert!(self.tags.iter().all(|tag| tag.name != name), "{name} is there");
        let object = format!("object of {name}");
        let (name, commit, by, message) = (name.to_owned(), commit.to_owned(), by.to_owned(), message.to_owned());
        self.tags.push(GitTag { name, object, commit, at, by, message });
    }

    fn with<T>(&self, what: impl FnOnce(Mirror<'_>) -> T) -> T {
        let git = read_tags(self.tags.clone());
        what(Mirror { base: &self.base, git: &git, state: &self.state, trails: &self.trails })
    }

    fn plan(&self) -> Plan {
        self.with(|mirror| mirror.plan(&|_| true))
    }

    fn apply(&mut self, plan: &Plan) {
        for deed in &plan.to_git {
            let commit =
                read_tags(self.tags.clone()).get("m").and_then(|git| git.commit(&deed.version).map(str::to_owned));
            let commit = commit.unwrap_or_else(|| format!("commit of v{}", deed.version));
            self.put(&deed.name.to_string(), &commit, deed.at, "Trackside", &deed.message);
        }
        let mut created = std::collections::BTreeMap::new();
        for deed in &plan.to_registry {
            let number = deed.version.as_ref().and_then(|of| deed.number.or_else(|| created.get(of).copied()));
            let reason = Some(deed.reason.as_str());
            match &deed.standing {
                Standing::Registered { .. } => {
                    let model = self.state.models.get("m").cloned().unwrap_or_default();
                    let number = model.versions.keys().max().unwrap_or(&0) + 1;
                    let version = deed.version.clone().unwrap();
                    self.create(number, Some(&version.to_string()));
                    created.insert(version, number);
                }
                Standing::Deleted => self.delete(number.unwrap()),
                Standing::InStage(stage) => {
                    let effect = Effect::of_version(number.unwrap(), Facet::Stage, None, Some(stage.clone()));
                    self.enter("m", reason, vec![effect]);
                }
                Standing::Named(alias) => {
                    let effect =
                        Effect::of_model(Facet::Alias, None, number.map(|number| number.to_string())).at(alias);
                    self.enter("m", reason, vec![effect]);
                }
            }
        }
    }

    /// Runs until nothing is left; the conflicts that are.
    fn sync(&mut self) -> Vec<ConflictKind> {
        for _ in 0..3 {
            let plan = self.plan();
            self.apply(&plan);
            self.base = self.with(|mirror| mirror.agreed(self.seq, &|_| true));
        }
        let plan = self.plan();
        assert_eq!((plan.to_git, plan.to_registry), (Vec::new(), Vec::new()));
        plan.conflicts.into_iter().map(|conflict| conflict.kind).collect()
    }

    fn names(&self) -> Vec<&str> {
        self.tags.iter().map(|tag| tag.name.as_str()).collect()
    }

    fn held(&self, number: u32) -> &str {
        &self.state.models["m"].versions[&number].stage
    }
}

#[test]
fn what_the_registry_did_becomes_tags_step_by_step() {
    let mut world = World::new();
    world.create(1, None);
    world.stage(1, "Staging");
    world.stage(1, "Production");
    world.create(2, Some("v2.1.0"));
    world.alias("champion", Some(1));
    world.alias("champion", Some(2));
    assert_eq!(world.sync(), []);
    let names = [
        "m@v1.0.0",
        "m@v2.1.0",
        "m#staging#1",
        "m#staging!#2",
        "m#production#3",
        "m#champion#4",
        "m#champion!#5",
        "m#champion#6",
    ];
    assert_eq!(world.names(), names);
    let times: Vec<i64> = world.tags.iter().map(|tag| tag.at).collect();
    assert_eq!(times, [20, 50, 30, 40, 40, 60, 70, 70]);
    world.delete(2);
    assert_eq!(world.sync(), []);
    assert_eq!(world.names().last(), Some(&"m@v2.1.0!"));
}

#[test]
fn what_others_tag_enters_the_registry() {
    let mut world = World::new();
    world.tag("m@v0.1.0", "a", 100);
    world.tag("m@v0.2.0", "b", 101);
    world.tag("m#staging#1", "a", 102);
    world.tag("m#champion#2", "a", 103);
    world.tag("m#production#3", "a", 104);
    world.tag("m#champion#4", "b", 105);
    world.tag("m@3", "b", 106);
    assert_eq!(world.sync(), []);
    assert_eq!((world.held(1), world.held(2)), ("Production", "None"));
    assert_eq!(world.state.models["m"].aliases["champion"], 2);
    // A version has one stage and an alias one version, so GTO is told.
    assert_eq!(world.names()[7..], ["m#champion!#5", "m#staging!#6"]);
    world.tag("m#production!#7", "a", 110);
    world.tag("m@v0.2.0!", "b", 111);
    assert_eq!(world.sync(), []);
    assert_eq!(world.held(1), "None");
    let model = &world.state.models["m"];
    assert_eq!((model.versions.len(), model.aliases.get("champion")), (1, None));
}

#[test]
fn a_stage_that_both_moved_is_left_to_people() {
    let mut world = World::new();
    world.create(1, None);
    world.create(2, None);
    world.stage(1, "Production");
    assert_eq!(world.sync(), []);
    world.stage(1, "Archived");
    world.tag("m#production#2", "commit of v2.0.0", 1000);
    let before = (world.tags.clone(), world.state.clone());
    assert_eq!(world.sync(), [ConflictKind::BothMoved]);
    assert_eq!(before, (world.tags.clone(), world.state.clone()));
    // Somebody makes them agree.
    world.stage(2, "Production");
    world.tag("m#production!#3", "commit of v1.0.0", 1001);
    world.tag("m#archived#4", "commit of v1.0.0", 1002);
    assert_eq!(world.sync(), []);
}

#[test]
fn an_alias_that_both_moved_is_left_to_people() {
    let mut world = World::new();
    (1..4).for_each(|number| world.create(number, None));
    world.alias("champion", Some(1));
    assert_eq!(world.sync(), []);
    world.alias("champion", Some(2));
    world.tag("m#champion#2", "commit of v3.0.0", 1000);
    assert_eq!(world.sync(), [ConflictKind::BothMoved]);
    world.alias("champion", Some(3));
    assert_eq!(world.sync(), []);
}

#[test]
fn a_crash_before_the_base_was_noted_repeats_nothing() {
    let mut world = World::new();
    world.create(1, None);
    world.tag("m@v0.1.0", "a", 5);
    world.tag("m#staging#1", "a", 6);
    world.sync();
    world.stage(1, "Production");
    world.tag("m#production#2", "a", 500);
    let base = world.base.clone();
    // All was done, nothing was noted, and then both sides went on.
    let conflicts = world.sync();
    assert_eq!(conflicts, [ConflictKind::BothMoved]);
    world.tag("m#production!#3", "a", 501);
    assert_eq!(world.sync(), []);
    world.base = base.clone();
    assert_eq!(world.sync(), []);
    // Also when the base is lost.
    world.base = Base::new(ID);
    assert_eq!(world.sync(), []);
    world.base = base;
    world.stage(1, "Archived");
    world.delete(2);
    assert_eq!(world.sync(), []);
    assert_eq!(world.held(1), "Archived");
}

#[test]
fn every_other_conflict_says_what_ends_it() {
    let mut world = World::new();
    world.create(1, Some("1.x"));
    assert_eq!(world.sync(), [ConflictKind::BadVersion]);

    let mut world = World::new();
    world.create(1, None);
    world.tag("m@v1.0.0", "a", 5);
    assert_eq!(world.sync(), [ConflictKind::ClaimedTwice]);
    world.enter("m", None, vec![Effect::of_version(1, Facet::Tag, None, Some("1.0.0".to_owned())).at(SEMVER_TAG)]);
    assert_eq!(world.sync(), []);
    assert_eq!(world.tags.len(), 1);

    let mut world = World::new();
    world.create(1, Some("1.0.0"));
    world.create(2, Some("1.0.0"));
    assert_eq!(world.sync(), [ConflictKind::ClaimedTwice]);

    let mut world = World::new();
    world.tag("m#production#1", "a", 5);
    assert_eq!(world.sync(), [ConflictKind::UnknownVersion]);

    let mut world = World::new();
    world.tag("m@v1.0.0", "a", 5);
    world.tag("m@v2.0.0", "a", 6);
    assert_eq!(world.sync(), [ConflictKind::ClaimedTwice]);
    assert!(world.state.models.is_empty());

    let mut world = World::new();
    world.tag("m_x41@v1.0.0", "a", 5);
    assert_eq!(world.sync(), [ConflictKind::Name]);

    let mut world = World::new();
    world.tag("m@v1.0.0", "a", 5);
    world.tag("m#Production#1", "a", 6);
    assert_eq!(world.sync(), [ConflictKind::Name]);
    assert_eq!(world.held(1), "None");

    let mut world = World::new();
    world.create(1, None);
    world.sync();
    world.tag("m@v1.0.0!", "commit of v1.0.0", 50);
    world.stage(1, "Production");
    assert_eq!(world.sync(), [ConflictKind::DeletedAndMoved]);

    let mut world = World::new();
    world.create(1, None);
    world.sync();
    world.tag("m#production#1", "commit of v1.0.0", 50);
    world.delete(1);
    assert_eq!(world.sync(), [ConflictKind::DeletedAndMoved]);
    let conflict = world.plan().conflicts.remove(0);
    assert_eq!(conflict.remedy, "deregister it (gto deregister m --version v1.0.0)");
}

#[test]
fn a_tag_that_is_gone_stops_its_model_until_it_is_accepted() {
    let mut world = World::new();
    world.create(1, None);
    world.stage(1, "Production");
    world.sync();
    world.tags.retain(|tag| tag.name != "m#production#1");
    world.stage(1, "Archived");
    assert_eq!(world.sync(), [ConflictKind::TagGone]);
    assert_eq!(world.tags.len(), 1);
    let there: Vec<String> = world.names().into_iter().map(str::to_owned).collect();
    world.base.accept_deleted(|tag| there.iter().any(|one| one == tag));
    // Both sides took it away from production, to different ends.
    assert_eq!(world.sync(), [ConflictKind::BothMoved]);
}

#[test]
fn a_number_that_is_given_again_is_another_version() {
    let mut world = World::new();
    world.create(1, None);
    world.sync();
    world.delete(1);
    world.sync();
    world.create(1, None);
    assert_eq!(world.sync(), []);
    assert_eq!(world.names(), ["m@v1.0.0", "m@v1.0.0!", "m@v1.0.1"]);
    world.delete(1);
    world.create(1, None);
    assert_eq!(world.sync(), []);
    assert_eq!(world.names()[3..], ["m@v1.0.2", "m@v1.0.1!"]);
}

#[test]
fn times_of_tags_on_one_stage_differ() {
    let mut world = World::new();
    world.create(1, None);
    world.stage(1, "Production");
    world.sync();
    // The clock of whoever takes it away runs ahead.
    world.tag("m#production!#2", "commit of v1.0.0", 9000);
    assert_eq!(world.sync(), []);
    world.stage(1, "Production");
    assert_eq!(world.sync(), []);
    assert_eq!(world.tags.last().map(|tag| (tag.name.as_str(), tag.at)), Some(("m#production#3", 9001)));
}

#[test]
fn what_came_back_between_two_looks_is_in_the_history_once() {
    let mut world = World::new();
    world.create(1, None);
    world.alias("champion", Some(1));
    world.sync();
    let base = world.base.clone();
    world.alias("champion", None);
    world.alias("champion", Some(1));
    world.stage(1, "Staging");
    world.stage(1, "None");
    assert_eq!(world.sync(), []);
    world.alias("brief", Some(1));
    world.alias("brief", None);
    assert_eq!(world.sync(), []);
    let names = ["m#champion!#2", "m#champion#3", "m#staging#4", "m#staging!#5", "m#brief#6", "m#brief!#7"];
    assert_eq!(world.names()[2..], names);
    for base in [base, Base::new(ID)] {
        world.base = base;
        assert_eq!(world.sync(), []);
        assert_eq!(world.names().len(), 8);
    }
}
