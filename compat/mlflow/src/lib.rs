//! MLflow's REST protocol as axum routers: parse, call one service method, render.
