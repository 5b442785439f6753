//! The envelope of GraphQL calls: `POST {base}/graphql`.

use serde::{Deserialize, Serialize};

/// A call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<V> {
    /// The document.
    pub query: String,
    /// Values of its variables.
    pub variables: V,
    /// Which operation of the document. The client's public API leaves it empty, which means the only one.
    pub operation_name: String,
}

/// What an operation needs to be called: implemented by its variables.
pub trait Operation: Serialize {
    /// Its name.
    const NAME: &'static str;
    /// The document that we send.
    const QUERY: &'static str;
    /// What `data` holds.
    type Data;

    /// The call.
    fn request(&self) -> Request<&Self> {
        Request { query: Self::QUERY.to_owned(), variables: self, operation_name: Self::NAME.to_owned() }
    }
}

/// An answer. Errors come with status 200 or with a 4xx.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Response<D> {
    /// The outcome; absent or null when there are errors.
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    pub data: Option<D>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
}

/// One thing that went wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Fit for users: the client shows it.
    #[serde(default)]
    pub message: String,
}

/// The messages of faults in one line.
pub fn messages(faults: &[Fault]) -> String {
    faults.iter().map(|fault| fault.message.as_str()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_may_lack_data_or_errors() {
        let failed: Response<u32> = serde_json::from_str(r#"{"errors":[{"message":"a","path":[]},{}]}"#).unwrap();
        assert_eq!((failed.data, messages(&failed.errors)), (None, "a; ".to_owned()));
        let fine: Response<u32> = serde_json::from_str(r#"{"data":3}"#).unwrap();
        assert_eq!((fine.data, fine.errors), (Some(3), vec![]));
    }
}
