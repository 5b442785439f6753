//! Creates a run, or changes what is known of it. GraphQL calls a run a *bucket*; its `name` is the run's id.

use serde::{Deserialize, Serialize};

use crate::graphql::Operation;

/// A run and what is to be changed. `None` leaves a field as it is; on a new run it is the server's choice.
///
/// Repeating a call changes nothing: the run is found by entity, project and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpsertBucket {
    /// Id of the run, unique in the project.
    pub name: String,
    /// Created when absent.
    pub project: String,
    /// `None` for the default one of the key.
    pub entity: Option<String>,
    /// What runs are grouped by.
    pub group_name: Option<String>,
    /// What it is for among its group.
    pub job_type: Option<String>,
    /// Label.
    pub display_name: Option<String>,
    /// Free text.
    pub notes: Option<String>,
    /// Labels; they replace the former.
    pub tags: Option<Vec<String>>,
    /// The sweep it is of.
    pub sweep: Option<String>,
    /// The machine.
    pub host: Option<String>,
    /// The whole [`crate::config::Document`] as text; replaces the former.
    pub config: Option<String>,
    /// Commit of the code.
    pub commit: Option<String>,
    /// The program that runs.
    pub program: Option<String>,
    /// Repository of the code.
    pub repo: Option<String>,
}

impl Operation for UpsertBucket {
    const NAME: &'static str = "UpsertBucket";
    const QUERY: &'static str = "\
mutation UpsertBucket($name: String, $project: String, $entity: String, $groupName: String, \
$jobType: String, $displayName: String, $notes: String, $tags: [String!], $sweep: String, $host: String, $config: JSONString, $commit: String, $program: String, $repo: String) { \
upsertBucket(input: {name: $name, modelName: $project, entityName: $entity, groupName: $groupName, \
jobType: $jobType, displayName: $displayName, notes: $notes, tags: $tags, sweep: $sweep, host: $host, config: $config, commit: $commit, jobProgram: $program, jobRepo: $repo}) { \
bucket { id name historyLineCount project { id name entity { id name } } } inserted } }";
    type Data = UpsertBucketData;
}

/// The outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UpsertBucketData {
    /// The run as it is now.
    pub upsert_bucket: Upserted,
}

/// The run as it is now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upserted {
    /// The run.
    pub bucket: Bucket,
    /// Whether it is new.
    pub inserted: Option<bool>,
}

/// A run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// The server's own id.
    pub id: Option<String>,
    /// Id of the run.
    pub name: String,
    /// How many rows of history there are.
    pub history_line_count: Option<u64>,
    /// Where it is; the path of all later calls.
    pub project: Project,
}

/// A project.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Project {
    /// The name.
    pub name: String,
    /// Whose it is.
    pub entity: Entity,
}

/// A user or team.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entity {
    /// The name.
    pub name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_as_it_is_goes_as_null() {
        let call =
            UpsertBucket { name: "r".into(), project: "p".into(), notes: Some(String::new()), ..Default::default() };
        assert_eq!(
            serde_json::to_string(&call.request().variables).unwrap(),
            r#"{"name":"r","project":"p","entity":null,"groupName":null,"jobType":null,"displayName":null,"notes":"","tags":null,"sweep":null,"host":null,"config":null,"commit":null,"program":null,"repo":null}"#
        );
    }

    #[test]
    fn the_smallest_answer_suffices() {
        let text = r#"{"upsertBucket":{"bucket":{"name":"r","project":{"name":"p","entity":{"name":"me"}}}}}"#;
        let data: UpsertBucketData = serde_json::from_str(text).unwrap();
        assert_eq!(data.upsert_bucket.bucket.project.entity.name, "me");
    }
}
