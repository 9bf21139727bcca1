//! The token of the API: who may write, and once there is one, who may export.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use subtle::ConstantTimeEq;

/// Characters of a token: long enough not to be guessed.
const LEN_MIN: usize = 16;
const LEN_MAX: usize = 256;

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// The file can't be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not one line of so many visible characters.
    #[error("{}: a token is one line of {LEN_MIN} to {LEN_MAX} visible ASCII characters", path.display())]
    Form {
        /// The file.
        path: PathBuf,
    },
}

/// A secret that a request must show: `authorization: Bearer ...`.
#[derive(Clone)]
pub struct Token(Arc<str>);

impl Token {
    /// Reads the file of a token.
    ///
    /// # Errors
    /// [`TokenError`]; no message repeats what is in the file.
    pub fn read(path: &Path) -> Result<Token, TokenError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| TokenError::File { path: path.to_owned(), source })?;
        let token = text.trim();
        let is_token =
            (LEN_MIN..=LEN_MAX).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic());
        is_token.then(|| Token(token.into())).ok_or_else(|| TokenError::Form { path: path.to_owned() })
    }

    /// The value of the header that shows it.
    pub fn header(&self) -> String {
        format!("Bearer {}", self.0)
    }

    /// Whether a header shows it; how long that takes says nothing about how much of it was right.
    pub(super) fn is_shown_by(&self, header: &[u8]) -> bool {
        self.header().as_bytes().ct_eq(header).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Token, TokenError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Token::read(file.path())
    }

    #[test]
    fn only_the_whole_token_is_right() {
        let token = read("0123456789abcdef\n").unwrap();
        assert!(token.is_shown_by(b"Bearer 0123456789abcdef"));
        for wrong in ["", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdeF", "0123456789abcdef"]
        {
            assert!(!token.is_shown_by(wrong.as_bytes()), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token");
    }

    #[test]
    fn what_could_be_guessed_or_is_no_token_is_refused_without_being_repeated() {
        for wrong in
            ["", "\n", "0123456789abcde", "0123456789 abcdef", "0123456789abcdef\n01", &"x".repeat(257)]
        {
            let error = read(wrong).unwrap_err().to_string();
            assert!(error.contains("a token is one line") && !error.contains("0123456789"), "{error}");
        }
        assert!(matches!(Token::read(Path::new("/nowhere/token")), Err(TokenError::File { .. })));
    }
}
