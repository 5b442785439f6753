//! Changes of the registry that a policy is over.
//!
//! A version that is to have something is judged first. What it is judged by is as of an entry of the ledger, and the change is
//! made only while that is still the last one of the model; otherwise it is judged again. So nothing slips in between, also not
//! by another server on the same database.

use serde_json::Value;
use trackside_core::{
    Error, ErrorKind, Key, ModelVersion, ModelVersionChange, NewPromotion, Promotion, PromotionState, RegisteredModel,
    RegisteredModelChange, Result, Stage, Target, VersionNumber, fault,
    ledger::{Origin, Warrant},
    store::PromotionQuery,
};
use trackside_evidence::mirror::SEMVER_TAG;
use trackside_policy::{Outcome, Policy, Verdict};

use crate::Service;

/// How often a change is judged anew because others come in between.
const TRIES: usize = 16;

/// A version that is to have something.
#[derive(Debug, Clone)]
pub(crate) struct Wish<'a> {
    pub(crate) model: &'a Key,
    pub(crate) number: VersionNumber,
    pub(crate) target: Target,
    pub(crate) archive_others: bool,
}

/// What was found of a wish.
#[derive(Debug)]
pub(crate) enum Finding {
    /// It has it already, and nobody else is touched.
    Held,
    /// It may have it.
    Allowed(Value),
    /// Something is missing; `true` when that is only the approval of others.
    Refused(Verdict, bool),
}

impl Service {
    /// As [`Service::change_registered_model`], within the policy.
    pub(crate) async fn change_model_within_policy(&self, name: &Key, change: RegisteredModelChange) -> Result<()> {
        let at = self.parts.clock.now();
        match &change {
            RegisteredModelChange::SetAlias(alias, number) => {
                let (target, number) = (Target::Alias(alias.clone()), *number);
                self.grant(&Wish { model: name, number, target, archive_others: false }).await.map(drop)
            }
            RegisteredModelChange::Rename(to) if self.governance.is_over(to) => {
                self.rename_within_policy(name, to).await
            }
            _ => self.store().change_registered_model(name, change, at, &self.origin).await,
        }
    }

    /// As [`Service::change_model_version`], within the policy.
    pub(crate) async fn change_version_within_policy(
        &self,
        model: &Key,
        number: VersionNumber,
        change: ModelVersionChange,
    ) -> Result<()> {
        match change {
            ModelVersionChange::Stage { stage, archive_others } => {
                let stage = self.own_stage(&stage)?;
                self.grant(&Wish { model, number, target: Target::Stage(stage), archive_others }).await.map(drop)
            }
            change => {
                let _turn = match &change {
                    ModelVersionChange::SetTag(tag) if tag.key.as_str() == SEMVER_TAG => {
                        let turn = self.tag_updates.lock().await;
                        self.check_semver(model, Some(number), tag).await?;
                        Some(turn)
                    }
                    _ => None,
                };
                let at = self.parts.clock.now();
                self.store().change_model_version(model, number, change, at, &self.origin).await
            }
        }
    }

    /// The stage in the team's spelling. `Invalid` when there is none of that name.
    pub(crate) fn own_stage(&self, stage: &Stage) -> Result<Stage> {
        self.governance.stage(stage).ok_or_else(|| fault::unknown_stage(stage.as_str(), &self.governance.stages))
    }

    /// Gives a version what it is to have. `Denied` when the policy is against it, which says what is missing; when that is only
    /// the approval of others, a promotion waits for it from then on.
    pub(crate) async fn grant(&self, wish: &Wish<'_>) -> Result<()> {
        if !self.is_governed(wish) {
            return self.give(wish, &self.origin).await;
        }
        for _ in 0..TRIES {
            let as_of = self.store().ledger_end_of(wish.model).await?;
            let version = self.model_version(wish.model, wish.number).await?;
            let waiting = self.waiting(wish).await?;
            let evidence = match self.judge(wish, &version, waiting.as_ref()).await? {
                Finding::Held => None,
                Finding::Allowed(evidence) => Some(evidence),
                Finding::Refused(verdict, true) => return Err(self.ask(wish, &verdict, waiting).await?),
                Finding::Refused(verdict, false) => return Err(refusal(wish, &verdict)),
            };
            let warrant = Warrant { as_of, evidence, promotion: waiting.map(|promotion| promotion.id) };
            let origin = Origin { warrant: Some(warrant), ..Origin::clone(&self.origin) };
            match self.give(wish, &origin).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                given => return given,
            }
        }
        Err(fault::registry_changed(wish.model).with_retry(trackside_core::Retry::Later))
    }

    /// Whether a policy has to be asked.
    fn is_governed(&self, wish: &Wish<'_>) -> bool {
        let archived = Target::Stage(Stage::Archived);
        !self.governance.over(wish.model, &wish.target).is_empty()
            || (wish.archive_others && !self.governance.over(wish.model, &archived).is_empty())
    }

    async fn give(&self, wish: &Wish<'_>, origin: &Origin) -> Result<()> {
        let at = self.parts.clock.now();
        match &wish.target {
            Target::Alias(alias) => {
                let change = RegisteredModelChange::SetAlias(alias.clone(), wish.number);
                self.store().change_registered_model(wish.model, change, at, origin).await
            }
            Target::Stage(stage) => {
                let change = ModelVersionChange::Stage { stage: stage.clone(), archive_others: wish.archive_others };
                self.store().change_model_version(wish.model, wish.number, change, at, origin).await
            }
        }
    }

    /// What the policy says, and of the others that would go to the archive.
    pub(crate) async fn judge(
        &self,
        wish: &Wish<'_>,
        version: &ModelVersion,
        waiting: Option<&Promotion>,
    ) -> Result<Finding> {
        let others = if wish.archive_others { self.archived_by(wish).await? } else { Vec::new() };
        if holds(version, &wish.target) && others.is_empty() {
            return Ok(Finding::Held);
        }
        let mut verdict = Verdict { at: self.parts.clock.now(), outcomes: Vec::new(), approved_by: Vec::new() };
        if !holds(version, &wish.target) {
            verdict = self.verdict(wish, version, waiting).await?;
        }
        for other in others {
            let target = Target::Stage(Stage::Archived);
            let archived = Wish { model: wish.model, number: other.number, target, archive_others: false };
            verdict.outcomes.extend(self.verdict(&archived, &other, None).await?.outcomes);
        }
        Ok(match (verdict.is_allowed(), verdict.only_waits()) {
            (true, _) => Finding::Allowed(verdict.evidence()),
            (false, waits) => Finding::Refused(verdict, waits),
        })
    }

    /// Versions that go to the archive with this, if a policy is over that.
    async fn archived_by(&self, wish: &Wish<'_>) -> Result<Vec<ModelVersion>> {
        let governed = !self.governance.over(wish.model, &Target::Stage(Stage::Archived)).is_empty();
        let Target::Stage(stage) = &wish.target else { return Ok(Vec::new()) };
        if !governed {
            return Ok(Vec::new());
        }
        let mut held = self.holders(wish.model, stage).await?;
        held.retain(|version| version.number != wish.number);
        Ok(held)
    }

    /// The promotion that waits for this.
    pub(crate) async fn waiting(&self, wish: &Wish<'_>) -> Result<Option<Promotion>> {
        let query = PromotionQuery {
            model: Some(wish.model.clone()),
            version: Some(wish.number),
            state: Some(PromotionState::Pending),
            before: None,
            limit: 1_000,
        };
        let waiting = self.store().promotions(query).await?;
        Ok(waiting.into_iter().find(|promotion| promotion.target == wish.target))
    }

    /// Asks others to approve. The error says that it waits, and for whom.
    async fn ask(&self, wish: &Wish<'_>, verdict: &Verdict, waiting: Option<Promotion>) -> Result<Error> {
        let promotion = if let Some(promotion) = waiting {
            promotion
        } else {
            let new = NewPromotion {
                model: wish.model.clone(),
                version: wish.number,
                target: wish.target.clone(),
                archive_others: wish.archive_others,
                at: self.parts.clock.now(),
            };
            self.store().request_promotion(new, &self.origin).await?
        };
        let (id, number, model, target) = (promotion.id, wish.number, wish.model, &wish.target);
        let text = format!(
            "Promotion {id} waits for approval: version {number} of '{model}' to {target}.{}\nWho may approves with: \
             trackside models approve {id}",
            listed(verdict)
        );
        Ok(Error::new(ErrorKind::Denied, text))
    }

    /// A model comes under another policy with its name. What its versions hold has to be right there as well.
    async fn rename_within_policy(&self, name: &Key, to: &Key) -> Result<()> {
        for _ in 0..TRIES {
            let as_of = self.store().ledger_end_of(name).await?;
            let model = self.registered_model(name).await?;
            let mut refused = Vec::new();
            for (number, target) in self.held(&model).await? {
                let policies = self.governance.over(to, &target);
                if is_same(&policies, &self.governance.over(name, &target)) {
                    continue;
                }
                let version = self.model_version(name, number).await?;
                let wish = Wish { model: name, number, target, archive_others: false };
                let verdict = self.verdict_by(&policies, &wish, &version, None).await?;
                if !verdict.is_allowed() {
                    refused.push(format!("\nversion {number} holds {}:{}", wish.target, listed(&verdict)));
                }
            }
            if !refused.is_empty() {
                let text = format!("The policy does not let '{name}' be renamed to '{to}'.{}", refused.concat());
                return Err(Error::new(ErrorKind::Denied, text));
            }
            let warrant = Warrant { as_of, evidence: None, promotion: None };
            let origin = Origin { warrant: Some(warrant), ..Origin::clone(&self.origin) };
            let (change, at) = (RegisteredModelChange::Rename(to.clone()), self.parts.clock.now());
            match self.store().change_registered_model(name, change, at, &origin).await {
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                renamed => return renamed,
            }
        }
        Err(fault::registry_changed(name).with_retry(trackside_core::Retry::Later))
    }

    /// All that versions of a model have now.
    async fn held(&self, model: &RegisteredModel) -> Result<Vec<(VersionNumber, Target)>> {
        let mut held: Vec<_> =
            model.aliases.iter().map(|(alias, number)| (*number, Target::Alias(alias.clone()))).collect();
        for latest in &model.latest_versions {
            let holders = self.holders(&model.name, &latest.stage).await?;
            held.extend(holders.into_iter().map(|version| (version.number, Target::Stage(version.stage))));
        }
        Ok(held)
    }
}

/// Whether a version has this now.
pub(crate) fn holds(version: &ModelVersion, target: &Target) -> bool {
    match target {
        Target::Stage(stage) => version.stage == *stage,
        Target::Alias(alias) => version.aliases.contains(alias),
    }
}

fn is_same(left: &[&Policy], right: &[&Policy]) -> bool {
    left.len() == right.len() && left.iter().zip(right).all(|(left, right)| std::ptr::eq(*left, *right))
}

fn refusal(wish: &Wish<'_>, verdict: &Verdict) -> Error {
    let (model, number, target) = (wish.model, wish.number, &wish.target);
    let text = format!(
        "The policy does not let version {number} of '{model}' have {target}.{}\nAll rules: trackside models check \
         '{model}/{number}' --to {target}",
        listed(verdict)
    );
    Error::new(ErrorKind::Denied, text)
}

/// The rules that are not met, a line for each.
fn listed(verdict: &Verdict) -> String {
    let line = |outcome: &Outcome| format!("\n- {outcome}");
    verdict.unmet().map(line).collect()
}
