//! The key that the platform knows the gateway by.

use std::path::Path;

use super::SetupError;

/// The one line of a file.
pub(in crate::uplink) fn secret(path: &Path) -> Result<String, SetupError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| SetupError::File { path: path.to_owned(), source })?;
    let text = text.trim();
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        let reason = "a key is one line of visible ASCII".to_owned();
        return Err(SetupError::Content { path: path.to_owned(), reason });
    }
    Ok(text.to_owned())
}
