//! Which stages of the life cycle a search looks at.

use trackside_core::query::View;

use crate::Choice;

/// `ACTIVE_ONLY`, `DELETED_ONLY` or `ALL`, in MLflow's numbering; anything else counts as `ACTIVE_ONLY`.
pub(crate) fn view(choice: Option<&Choice>) -> View {
    let names = [("ACTIVE_ONLY", View::Active), ("DELETED_ONLY", View::Deleted), ("ALL", View::All)];
    choice.and_then(|choice| choice.among(names)).unwrap_or_default()
}
