//! What a series of values is for: which plugin shows it.

use prost::Message;

/// Metadata of a value. Readers keep that of the first value of a tag.
#[derive(Clone, PartialEq, Message)]
pub struct SummaryMetadata {
    /// Who shows it.
    #[prost(message, optional, tag = "1")]
    pub plugin_data: Option<PluginData>,
    /// Label; the tag where empty.
    #[prost(string, tag = "2")]
    pub display_name: String,
    /// Markdown.
    #[prost(string, tag = "3")]
    pub summary_description: String,
    /// How it is stored.
    #[prost(enumeration = "DataClass", tag = "4")]
    pub data_class: i32,
}

impl SummaryMetadata {
    /// For a plugin whose own content is this.
    pub fn new(plugin: &str, content: Vec<u8>, class: DataClass) -> Self {
        let plugin_data = Some(PluginData { plugin_name: plugin.to_owned(), content });
        Self { plugin_data, data_class: class.into(), ..Self::default() }
    }

    /// The plugin; empty when none is named.
    pub fn plugin(&self) -> &str {
        self.plugin_data.as_ref().map_or("", |data| data.plugin_name.as_str())
    }
}

/// Which plugin shows a value, and what it has to know.
#[derive(Clone, PartialEq, Message)]
pub struct PluginData {
    /// E.g. `scalars`, `text`, `images`, `hparams`.
    #[prost(string, tag = "1")]
    pub plugin_name: String,
    /// A message of the plugin's own.
    #[prost(bytes = "vec", tag = "2")]
    pub content: Vec<u8>,
}

/// How the values of a series are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum DataClass {
    /// Not said.
    Unknown = 0,
    /// Single numbers.
    Scalar = 1,
    /// Tensors that are read whole.
    Tensor = 2,
    /// Large things that are fetched one by one.
    BlobSequence = 3,
}
