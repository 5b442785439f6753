//! Tensors, as far as texts need them.

use prost::Message;

/// A tensor.
#[derive(Clone, PartialEq, Message)]
pub struct TensorProto {
    /// Type of its elements.
    #[prost(enumeration = "DType", tag = "1")]
    pub dtype: i32,
    /// Its shape; without dimensions it holds one element.
    #[prost(message, optional, tag = "2")]
    pub tensor_shape: Option<TensorShape>,
    /// Elements as little-endian bytes.
    #[prost(bytes = "vec", tag = "4")]
    pub tensor_content: Vec<u8>,
    /// Elements of type float.
    #[prost(float, repeated, tag = "5")]
    pub float_val: Vec<f32>,
    /// Elements of type double.
    #[prost(double, repeated, tag = "6")]
    pub double_val: Vec<f64>,
    /// Elements of type string.
    #[prost(bytes = "vec", repeated, tag = "8")]
    pub string_val: Vec<Vec<u8>>,
}

impl TensorProto {
    /// One text.
    pub fn text(text: String) -> Self {
        Self {
            dtype: DType::String.into(),
            tensor_shape: Some(TensorShape::default()),
            string_val: vec![text.into_bytes()],
            ..Self::default()
        }
    }

    /// No elements: what stands where metadata says it all.
    pub fn empty() -> Self {
        let tensor_shape = Some(TensorShape { dim: vec![Dim { size: 0 }] });
        Self { dtype: DType::Float.into(), tensor_shape, ..Self::default() }
    }
}

/// Sizes of the dimensions.
#[derive(Clone, PartialEq, Message)]
pub struct TensorShape {
    /// Outermost first.
    #[prost(message, repeated, tag = "2")]
    pub dim: Vec<Dim>,
}

/// A dimension.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct Dim {
    /// How many elements.
    #[prost(int64, tag = "1")]
    pub size: i64,
}

/// Types of elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub enum DType {
    /// Not said.
    Invalid = 0,
    /// 32-bit float: the only numbers that every TensorBoard shows.
    Float = 1,
    /// 64-bit float.
    Double = 2,
    /// Bytes.
    String = 7,
}
