use trackside_core::{
    Error, ErrorKind, Key, Promotion, PromotionChange, PromotionId, PromotionState, Result, Target, VersionNumber,
    fault, store::PromotionQuery,
};
use trackside_policy::{Outcome, Rule, State, Verdict};

use crate::{
    Service,
    governed::{Wish, holds},
};

impl Service {
    /// What the policy says to a version that is to have something, and of each rule why. Changes nothing.
    pub async fn check_promotion(&self, model: &Key, number: VersionNumber, target: &Target) -> Result<Verdict> {
        let target = match target {
            Target::Stage(stage) => Target::Stage(self.own_stage(stage)?),
            alias @ Target::Alias(_) => alias.clone(),
        };
        let version = self.model_version(model, number).await?;
        let wish = Wish { model, number, target, archive_others: false };
        if holds(&version, &wish.target) {
            let (rule, found) = (format!("to have {}", wish.target), "it has it already".to_owned());
            let outcomes = vec![Outcome { rule, state: State::Met, found }];
            return Ok(Verdict { at: self.parts.clock.now(), outcomes, approved_by: Vec::new() });
        }
        let waiting = self.waiting(&wish).await?;
        self.verdict(&wish, &version, waiting.as_ref()).await
    }

    /// By number. `NotFound` when there is none.
    pub async fn promotion(&self, id: PromotionId) -> Result<Promotion> {
        self.store().promotion(id).await?.ok_or_else(|| fault::promotion_not_found(id))
    }

    /// Newest first.
    pub async fn promotions(&self, query: PromotionQuery) -> Result<Vec<Promotion>> {
        self.store().promotions(query).await
    }

    /// Says what somebody wants of a promotion. `Denied` to those whose word does not count. One that has all approvals takes
    /// effect at once; the verdict says what is missing otherwise, and is `None` where nothing is asked any more.
    pub async fn decide_promotion(
        &self,
        id: PromotionId,
        change: PromotionChange,
    ) -> Result<(Promotion, Option<Verdict>)> {
        let promotion = self.promotion(id).await?;
        if promotion.state != PromotionState::Pending {
            return Err(fault::promotion_ended(&promotion));
        }
        let who = self.origin.name.as_ref().ok_or_else(fault::nobody_in_particular)?;
        match change {
            PromotionChange::Withdraw if promotion.requested_by != *who => {
                return Err(denied(format!("only {}, who asked for it, can withdraw it", promotion.requested_by)));
            }
            PromotionChange::Withdraw => {}
            PromotionChange::Approve | PromotionChange::Reject => self.refuse_uncounted(&promotion, who)?,
        }
        let changed = self.store().change_promotion(id, change, self.parts.clock.now(), &self.origin).await?;
        if change != PromotionChange::Approve {
            return Ok((changed, None));
        }
        let wish = Wish {
            model: &promotion.model,
            number: promotion.version,
            target: promotion.target.clone(),
            archive_others: promotion.archive_others,
        };
        match self.grant(&wish).await {
            Ok(()) => {}
            // What is still missing is in the verdict.
            Err(error) if error.kind() == ErrorKind::Denied => {}
            Err(error) => return Err(error),
        }
        let promotion = self.promotion(id).await?;
        let verdict = match promotion.state {
            PromotionState::Pending => {
                Some(self.check_promotion(&promotion.model, promotion.version, &promotion.target).await?)
            }
            _ => None,
        };
        Ok((promotion, verdict))
    }

    /// Who asks for it has no say in it, and neither has anybody whom no rule names.
    fn refuse_uncounted(&self, promotion: &Promotion, who: &Key) -> Result<()> {
        if promotion.requested_by == *who {
            return Err(denied(format!("{who} has asked for promotion {}, so others have to decide", promotion.id)));
        }
        let policies = self.governance.over(&promotion.model, &promotion.target);
        let mut asked = policies.iter().flat_map(|policy| &policy.rules).filter_map(|rule| match rule {
            Rule::Approvals(approvals) => Some(approvals),
            _ => None,
        });
        if asked.any(|approvals| approvals.of.as_ref().is_none_or(|people| people.contains(who))) {
            return Ok(());
        }
        Err(denied(format!("no policy over {} of '{}' asks {who}", promotion.target, promotion.model)))
    }
}

fn denied(text: String) -> Error {
    Error::new(ErrorKind::Denied, text)
}
