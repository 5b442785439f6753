//! Where to put the bytes of a run's files.
//!
//! The bytes go by `PUT` to the address the server gives, with the headers it gives and without credentials; then the
//! names are told in `uploaded` of the file stream.

use serde::{Deserialize, Serialize};

use crate::graphql::Operation;

/// Asks for addresses.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CreateRunFiles {
    /// Whose project.
    pub entity: String,
    /// Which project.
    pub project: String,
    /// Id of the run.
    pub run: String,
    /// Paths of the files within the run.
    pub files: Vec<String>,
}

impl Operation for CreateRunFiles {
    const NAME: &'static str = "CreateRunFiles";
    const QUERY: &'static str = "\
mutation CreateRunFiles($entity: String!, $project: String!, $run: String!, $files: [String!]!) { \
createRunFiles(input: {entityName: $entity, projectName: $project, runName: $run, files: $files}) { \
runID uploadHeaders files { name uploadUrl } } }";
    type Data = CreateRunFilesData;
}

/// The outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateRunFilesData {
    /// The addresses.
    pub create_run_files: RunFiles,
}

/// Addresses of files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunFiles {
    /// Headers of each upload, as `Key:Value`.
    pub upload_headers: Option<Vec<String>>,
    /// As many as were asked for, in any order.
    pub files: Vec<RunFile>,
}

impl RunFiles {
    /// Names and values of the headers.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let headers = self.upload_headers.iter().flatten();
        headers.filter_map(|header| header.split_once(':')).map(|(name, value)| (name.trim(), value.trim()))
    }

    /// The address of a file.
    pub fn url(&self, name: &str) -> Option<&str> {
        self.files.iter().find(|file| file.name == name).map(|file| file.upload_url.as_str())
    }
}

/// The address of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunFile {
    /// Path of the file within the run.
    pub name: String,
    /// Absolute, and authorises itself.
    pub upload_url: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_cut_at_the_first_colon() {
        let text = r#"{"uploadHeaders":["A: b:c","nonsense"],"files":[{"name":"f","uploadUrl":"http://h/f"}]}"#;
        let files: RunFiles = serde_json::from_str(text).unwrap();
        assert_eq!(files.headers().collect::<Vec<_>>(), [("A", "b:c")]);
        assert_eq!((files.url("f"), files.url("g")), (Some("http://h/f"), None));
    }
}
