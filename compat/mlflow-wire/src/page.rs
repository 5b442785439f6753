//! Page tokens: base64 around the store's own.

use base64::{Engine, engine::general_purpose::STANDARD};
use trackside_core::{PageToken, fault};

use crate::Failure;

/// The token to send; `None` when nothing follows.
pub fn render(token: Option<&PageToken>) -> Option<String> {
    token.map(|token| STANDARD.encode(token.as_str()))
}

/// The token that came; an empty one is none.
pub fn parse(text: Option<&str>) -> Result<Option<PageToken>, Failure> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let bytes = STANDARD.decode(text).map_err(|_| fault::invalid_page_token())?;
    let inner = String::from_utf8(bytes).map_err(|_| fault::invalid_page_token())?;
    Ok(Some(PageToken::new(inner)))
}
