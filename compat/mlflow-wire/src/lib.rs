//! MLflow's REST protocol: JSON shapes, limits, error codes, filter grammar, conversions both ways; no HTTP.
