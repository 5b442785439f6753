//! What a browser sees at `/`.

use axum::{Router, routing::get};

const TEXT: &str = concat!(
    "Trackside ",
    env!("CARGO_PKG_VERSION"),
    " is running.\n\nPoint an MLflow client here:\n\n    MLFLOW_TRACKING_URI=<this address> python train.py\n\n",
    "This version has no web pages; `mlflow` and its command line read everything back.\n",
);

pub(crate) fn routes() -> Router {
    Router::new().route("/", get(|| async { TEXT }))
}
