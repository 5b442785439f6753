use std::path::PathBuf;

/// The settings of a TensorBoard destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Name of the sink.
    pub name: String,
    /// The log directory, as given to `tensorboard --logdir`. Created when absent.
    pub directory: PathBuf,
    /// Whether artifacts that are PNG or JPEG images are shown.
    pub images: bool,
}
