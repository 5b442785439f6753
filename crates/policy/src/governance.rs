use trackside_core::{Key, Stage, Target};

use crate::{Pattern, Rule};

/// All that was configured.
#[derive(Debug, Clone, Default)]
pub struct Governance {
    /// Stages of the team's own, in its spelling.
    pub stages: Vec<Key>,
    /// All of those that match have to be met.
    pub policies: Vec<Policy>,
}

/// Rules for some models and some of what their versions can be given.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Names of models.
    pub models: Vec<Pattern>,
    /// Stages, in any case, and aliases behind `@`.
    pub to: Vec<Pattern>,
    /// All of them have to be met.
    pub rules: Vec<Rule>,
    /// The version that held it before may have it back, whatever the rules say.
    pub free_rollback: bool,
}

impl Governance {
    /// The stage of this name in the spelling of the team; `None` when there is no such stage.
    pub fn stage(&self, stage: &Stage) -> Option<Stage> {
        let Stage::Own(name) = stage else { return Some(stage.clone()) };
        let own = self.stages.iter().find(|own| own.as_str().eq_ignore_ascii_case(name.as_str()));
        own.cloned().map(Stage::Own)
    }

    /// The policies over what a version of a model is to be given.
    pub fn over(&self, model: &Key, target: &Target) -> Vec<&Policy> {
        self.policies.iter().filter(|policy| policy.is_over(model, target)).collect()
    }

    /// Whether there is any policy over a model.
    pub fn is_over(&self, model: &Key) -> bool {
        self.policies.iter().any(|policy| policy.is_over_model(model))
    }
}

impl Policy {
    fn is_over_model(&self, model: &Key) -> bool {
        self.models.iter().any(|pattern| pattern.matches(model.as_str()))
    }

    fn is_over(&self, model: &Key, target: &Target) -> bool {
        let text = match target {
            Target::Stage(stage) => stage.as_str().to_ascii_lowercase(),
            Target::Alias(_) => target.to_string(),
        };
        self.is_over_model(model) && self.to.iter().any(|pattern| pattern.matches(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    fn patterns(texts: &[&str]) -> Vec<Pattern> {
        texts.iter().map(|text| Pattern::new(text).unwrap()).collect()
    }

    #[test]
    fn a_policy_is_over_models_and_targets_that_match() {
        let policy = Policy {
            models: patterns(&["churn*", "fraud"]),
            to: patterns(&["production", "@champion*"]),
            rules: Vec::new(),
            free_rollback: false,
        };
        let governance = Governance { stages: vec![key("Canary")], policies: vec![policy] };
        let over =
            |model: &str, target: &str| !governance.over(&key(model), &Target::parse(target).unwrap()).is_empty();
        assert!(over("churn", "Production") && over("churn/eu", "PRODUCTION") && over("fraud", "@champion-eu"));
        assert!(!over("fraud2", "Production") && !over("churn", "Staging") && !over("churn", "champion"));
        assert!(!over("churn", "@production"), "an alias is no stage");
        assert!(governance.is_over(&key("fraud")) && !governance.is_over(&key("other")));
        assert_eq!(governance.stage(&Stage::Own(key("CANARY"))), Some(Stage::Own(key("Canary"))));
        assert_eq!(governance.stage(&Stage::Own(key("shadow"))), None);
        assert_eq!(governance.stage(&Stage::Archived), Some(Stage::Archived));
    }
}
