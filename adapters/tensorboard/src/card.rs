//! Values of the TEXT tab.

use trackside_tensorboard_wire::{DataClass, SummaryMetadata, TensorProto, Value, Values};

/// What a removed tag shows; no escaped text reads so.
pub(crate) const REMOVED: &str = "*removed*";

/// One text. Readers such as tbparse 0.0.9 know no tensors of more than one element.
pub(crate) fn value(tag: String, markdown: String) -> Value {
    let metadata = SummaryMetadata::new("text", Vec::new(), DataClass::Tensor);
    Value { tag, metadata: Some(metadata), value: Some(Values::Tensor(TensorProto::text(markdown))) }
}
