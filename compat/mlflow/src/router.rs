//! Which paths exist, under which prefixes.

use axum::{Router, routing::MethodRouter};
use http::{Method, StatusCode, Uri};
use trackside_mlflow_wire::{ErrorCode, Failure};

use crate::{
    Door, aliases, artifacts, assessments, error::MlflowError, evaluation_datasets, experiments, gateway,
    graphql::graphql, logged_models, metrics, model_versions, otlp, out_of_scope, promptlab, proxy_artifacts,
    registered_models, routes::Routes, run_logging, runs, scorers, system, traces, webhooks,
};

/// Prefixes of version 2.0: clients, the web UI, and clients of 2019 to 2022.
const PREFIXES_V2: [&str; 4] = ["/api/2.0", "/ajax-api/2.0", "/api/2.0/preview", "/ajax-api/2.0/preview"];
/// Prefix of what clients have no method for.
const PREFIX_UI: &str = "/ajax-api/2.0";
/// The same of version 3.0.
const PREFIX_UI_V3: &str = "/ajax-api/3.0";
/// Prefixes of version 3.0.
const PREFIXES_V3: [&str; 2] = ["/api/3.0", "/ajax-api/3.0"];

/// All routes of the protocol.
pub fn router(door: Door) -> Router {
    let graphql = graphql(&door);
    router_with(door, graphql)
}

/// All routes of the protocol, with this behind `/graphql`.
pub fn router_with(door: Door, graphql: MethodRouter) -> Router {
    let proxy = if door.serve_artifacts { proxy_artifacts::routes() } else { proxy_artifacts::disabled_routes() };
    let v2 = Routes::new()
        .merge(experiments::routes())
        .merge(runs::routes())
        .merge(run_logging::routes())
        .merge(metrics::routes())
        .merge(artifacts::routes())
        .merge(registered_models::routes())
        .merge(aliases::routes())
        .merge(model_versions::routes())
        .merge(logged_models::routes())
        .merge(traces::routes_v2())
        .merge(webhooks::routes())
        .merge(proxy);
    let ui = experiments::ui_routes()
        .merge(metrics::ui_routes())
        .merge(gateway::ui_routes())
        .merge(promptlab::ui_routes())
        .merge(traces::ui_routes());
    let v3 = system::routes_v3()
        .merge(traces::routes_v3())
        .merge(assessments::routes_v3())
        .merge(scorers::routes_v3())
        .merge(evaluation_datasets::routes_v3());
    let roots = system::root_routes().merge(artifacts::root_routes()).merge(otlp::root_routes());
    let mut router = ui.mounted(roots.mounted(Router::new(), ""), PREFIX_UI);
    router = traces::ui_routes().mounted(router, PREFIX_UI_V3);
    for prefix in PREFIXES_V2 {
        router = v2.mounted(router, prefix);
    }
    for prefix in PREFIXES_V3 {
        router = v3.mounted(router, prefix);
    }
    let router = router.method_not_allowed_fallback(wrong_method).fallback(unknown).with_state(door);
    router.route("/graphql", graphql.fallback(wrong_method))
}

/// MLflow answers an unknown path with HTML, which its client takes for `ENDPOINT_NOT_FOUND` too.
async fn unknown(method: Method, uri: Uri) -> MlflowError {
    let path = uri.path();
    if let Some(area) = out_of_scope::area(path) {
        return MlflowError(Failure::new(
            ErrorCode::NotImplemented,
            format!("Trackside has no {area}: {method} {path}"),
        ));
    }
    MlflowError(Failure::new(ErrorCode::EndpointNotFound, format!("{method} {path} is not an endpoint of this server")))
}

/// To a client that looks for alternatives, a wrong method is as good as no path.
async fn wrong_method(method: Method, uri: Uri) -> (StatusCode, MlflowError) {
    (StatusCode::METHOD_NOT_ALLOWED, unknown(method, uri).await)
}
