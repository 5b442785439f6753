//! Signatures over the files of a model as the `OpenSSF`'s model signing makes and checks them: a Sigstore bundle with an in-toto
//! Statement that lists each file with its SHA-256.
//!
//! Source: the `PyPI` package `model-signing` 1.1.1, which `tests/python/test_model_signature.py` holds it to.

mod bundle;
mod ec_key;
mod manifest;

pub use bundle::{Bundle, BundleError};
pub use ec_key::{EcKey, EcPublicKey};
pub use manifest::ModelManifest;
