//! What clients may expect of this server.

use serde_json::{Value, json};
use trackside_wandb_wire::executor::Node;

/// What changes how clients speak. All else counts as off.
const FEATURES: [&str; 4] = [
    "ARTIFACT_REGISTRY_SEARCH",
    // So that clients hear from the server, and not of its version, why registries are not made.
    "INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
    "MARK_RUN_FILES_UPLOADED",
    "TOTAL_COUNT_IN_FILE_CONNECTION",
];

pub(super) fn node() -> Node {
    let features: Value = FEATURES.iter().map(|name| json!({ "name": name, "isEnabled": true })).collect();
    json!({
        "__typename": "ServerInfo",
        // Clients up to 0.22 refuse servers that do not know them.
        "cliVersionInfo": { "max_cli_version": "1.0.0", "min_cli_version": "0.0.0" },
        "latestLocalVersionInfo": {
            "outOfDate": false,
            "latestVersionString": "",
            "versionOnThisInstanceString": "",
        },
        "features": features,
    })
    .into()
}
