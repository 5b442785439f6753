//! The use cases over a real database.

use std::{collections::BTreeMap, sync::Arc};

use tempfile::TempDir;
use trackside_adapter_sqlite::{Config, SqliteStore};
use trackside_artifacts::{ArtifactStore, Artifacts};
use trackside_core::{
    Error, Key, ModelVersionChange, PageRequest, PromotionChange, RandomIds, RegisteredModelChange, Result, Stage,
    SystemClock, Tag,
    ledger::Origin,
    store::{PromotionQuery, Promotions},
};
use trackside_policy::{Approvals, Governance, Pattern, Policy, Rule, TagRule};
use trackside_service::{Parts, Service, VersionRequest};
use trackside_testkit::MemoryHooks;

use crate::{
    deed::{ALIASES, Deed, PEOPLE, REVIEWERS, STAGES, What},
    reference::{Said, Seen, State},
};

pub(crate) struct Scene {
    pub(crate) store: SqliteStore,
    service: Service,
    _files: TempDir,
}

pub(crate) fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn policy() -> Governance {
    let pattern = |text: &str| Pattern::new(text).unwrap();
    let policy = Policy {
        models: vec![pattern("governed-*")],
        to: vec![pattern("production"), pattern("@champion")],
        rules: vec![
            Rule::Origin(vec![Stage::Staging, Stage::Production]),
            Rule::Tag(TagRule { key: key("validated"), value: pattern("true"), by: None }),
            Rule::Approvals(Approvals { count: 2, of: Some(REVIEWERS.map(key).into()) }),
        ],
        free_rollback: false,
    };
    Governance { stages: vec![key("Canary")], policies: vec![policy] }
}

impl Scene {
    pub(crate) async fn open() -> Self {
        // What is written is lost with the machine, which no test of this file is about.
        let files = tempfile::Builder::new().tempdir_in(memory()).unwrap();
        let store = SqliteStore::open(files.path().join("t.db"), Config::default()).unwrap();
        let parts = Parts {
            store: Arc::new(store.clone()),
            log: None,
            artifacts: Artifacts::proxied(ArtifactStore::local(files.path()).unwrap()),
            hooks: Arc::new(MemoryHooks::default()),
            news: None,
            artifact_root: "mlflow-artifacts:/".to_owned(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(RandomIds),
        };
        let service = Service::start(parts).await.unwrap().governed_by(policy());
        Self { store, service, _files: files }
    }

    /// Does it, and says how that ended.
    pub(crate) async fn apply(&self, names: &[String; 2], deed: &Deed) -> Said {
        let name = Some(PEOPLE[deed.by]).filter(|name| !name.is_empty()).map(key);
        let service = self.service.on_behalf_of(Origin { name, ..Origin::NOBODY });
        match self.try_to(&service, names, deed).await {
            Ok(()) => "ok",
            Err(error) => error.kind().as_str(),
        }
    }

    async fn try_to(&self, service: &Service, names: &[String; 2], deed: &Deed) -> Result<()> {
        let name = key(&names[deed.model]);
        match &deed.what {
            What::Register => service.create_registered_model(name, None, Vec::new()).await.map(drop),
            What::Version => version(service, name).await.map(drop),
            What::Prepare => {
                let number = version(service, name.clone()).await?;
                let tag = ModelVersionChange::SetTag(Tag::new("validated", "true")?);
                service.change_model_version(&name, number, tag).await?;
                let stage = ModelVersionChange::Stage { stage: Stage::Staging, archive_others: false };
                service.change_model_version(&name, number, stage).await
            }
            What::Validate(number, right) => {
                let tag = Tag::new("validated", if *right { "true" } else { "false" })?;
                service.change_model_version(&name, *number, ModelVersionChange::SetTag(tag)).await
            }
            What::Unvalidate(number) => {
                let change = ModelVersionChange::DeleteTag(key("validated"));
                service.change_model_version(&name, *number, change).await
            }
            What::Stage(number, stage, others) => {
                let stage = Stage::parse(STAGES[*stage]).unwrap();
                let archive_others = *others && stage.is_active();
                service.change_model_version(&name, *number, ModelVersionChange::Stage { stage, archive_others }).await
            }
            What::Alias(number, alias) => {
                let change = RegisteredModelChange::SetAlias(key(ALIASES[*alias]), *number);
                service.change_registered_model(&name, change).await
            }
            What::DropAlias(alias) => {
                service.change_registered_model(&name, RegisteredModelChange::DeleteAlias(key(ALIASES[*alias]))).await
            }
            What::DropVersion(number) => service.change_model_version(&name, *number, ModelVersionChange::Delete).await,
            What::Rename => {
                let to = key(&names[1 - deed.model]);
                service.change_registered_model(&name, RegisteredModelChange::Rename(to)).await
            }
            What::DropModel => service.change_registered_model(&name, RegisteredModelChange::Delete).await,
            What::Approve(n) => self.decide(service, names, *n, PromotionChange::Approve).await,
            What::Reject(n) => self.decide(service, names, *n, PromotionChange::Reject).await,
            What::Withdraw(n) => self.decide(service, names, *n, PromotionChange::Withdraw).await,
        }
    }

    /// Decides the n-th latest promotion that was asked for of the two models.
    async fn decide(&self, service: &Service, names: &[String; 2], n: usize, change: PromotionChange) -> Result<()> {
        let id = self.asked(names).await.into_iter().rev().nth(n);
        let id = id.ok_or_else(|| Error::not_found("no such promotion"))?;
        service.decide_promotion(id, change).await.map(drop)
    }

    /// Numbers of the promotions of these models, those that are gone included: the ledger has them.
    async fn asked(&self, names: &[String; 2]) -> Vec<u64> {
        use trackside_core::{
            ledger::Action,
            store::{Ledger, LedgerQuery},
        };
        let mut asked = Vec::new();
        for name in names {
            let query = LedgerQuery { model: Some(key(name)), after: 0, limit: 10_000 };
            for entry in self.store.ledger(query).await.unwrap() {
                let told = entry.read().unwrap();
                if told.action == Action::RequestPromotion {
                    asked.push(told.effects[0].key.as_ref().unwrap().parse().unwrap());
                }
            }
        }
        asked.sort_unstable();
        asked
    }

    /// The models as they can be seen.
    pub(crate) async fn state(&self, names: &[String; 2]) -> State {
        let mut state = State::new();
        for name in names {
            let Ok(model) = self.service.registered_model(&key(name)).await else { continue };
            let page = self.service.versions_of_model(&key(name), None, PageRequest::first(1_000)).await.unwrap();
            let version = |version: trackside_core::ModelVersion| {
                let tag = version.tags.into_iter().find(|tag| tag.key.as_str() == "validated");
                (version.number, (version.stage.as_str().to_owned(), tag.map(|tag| tag.value)))
            };
            let query = PromotionQuery { model: Some(key(name)), limit: 1_000, ..PromotionQuery::default() };
            let mut promotions = self.store.promotions(query).await.unwrap();
            promotions.reverse();
            let promotion = |one: trackside_core::Promotion| {
                let approved = one.votes.iter().filter(|vote| vote.approves).map(|vote| vote.by.to_string());
                let mut approved: Vec<_> = approved.collect();
                approved.sort();
                (one.version, one.target.to_string(), one.state.as_str().to_owned(), approved)
            };
            let aliases: BTreeMap<_, _> = model.aliases.iter().map(|(alias, n)| (alias.to_string(), *n)).collect();
            let seen = Seen {
                versions: page.items.into_iter().map(version).collect(),
                aliases,
                promotions: promotions.into_iter().map(promotion).collect(),
            };
            state.insert(name.clone(), seen);
        }
        state
    }
}

async fn version(service: &Service, model: Key) -> Result<u32> {
    let request = VersionRequest {
        model,
        source: "s3://bucket/model".to_owned(),
        run: None,
        logged_model: None,
        run_link: None,
        description: None,
        tags: Vec::new(),
        placeholder: false,
    };
    Ok(service.create_model_version(request).await?.number)
}

/// A file system in memory where there is one.
fn memory() -> std::path::PathBuf {
    let shared = std::path::PathBuf::from("/dev/shm");
    if shared.is_dir() { shared } else { std::env::temp_dir() }
}
