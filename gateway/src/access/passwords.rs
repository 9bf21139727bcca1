//! Passwords: made here by chance, never chosen by people, and kept as Argon2id hashes.
//!
//! A password has 24 letters of 32, 120 bits of chance: nobody guesses it, not even with the hash in hand. So the hash need not be slow
//! to protect it, and its cost (8 MiB, three passes: some 20 ms of a small box) is a second wall for passwords that came from elsewhere.

use std::sync::OnceLock;

use argon2::password_hash::{self, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use sha2::{Digest, Sha256};

use crate::domain::registry::{CodeHash, PasswordHash};

/// Memory of one verification, in KiB.
const MEMORY_KIB: u32 = 8 * 1024;
/// Passes over it.
const PASSES: u32 = 3;
/// Letters that nobody takes for another: no `l`, `o`, `0`, `1`.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Letters of a password or code.
const LETTERS_COUNT: usize = 24;
/// Letters between two hyphens.
const GROUP: usize = 6;

/// Why there is no password.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The system gives no chance.
    #[error("no randomness to be had: {0}")]
    Chance(#[from] getrandom::Error),
    /// There is no memory for it, most likely.
    #[error("hashing: {0}")]
    Hash(#[from] password_hash::Error),
}

/// A new password or code: `k7mwqe-3xr5ta-...`.
///
/// # Errors
/// [`PasswordError::Chance`].
pub fn generate() -> Result<String, PasswordError> {
    let mut chance = [0; LETTERS_COUNT];
    getrandom::fill(&mut chance)?;
    let mut text = String::new();
    for (index, byte) in chance.iter().enumerate() {
        if index > 0 && index % GROUP == 0 {
            text.push('-');
        }
        // 32 divides 256: every letter is as likely.
        text.push(char::from(LETTERS[usize::from(byte % 32)]));
    }
    Ok(text)
}

/// The hash of a password, with a new salt.
///
/// # Errors
/// [`PasswordError`].
pub fn hash(password: &str) -> Result<PasswordHash, PasswordError> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)?;
    hash_with(password, &salt)
}

fn hash_with(password: &str, salt: &[u8]) -> Result<PasswordHash, PasswordError> {
    let salt = SaltString::encode_b64(salt)?;
    let text = argon2()?.hash_password(password.as_bytes(), &salt)?.to_string();
    PasswordHash::parse(&text).ok_or(PasswordError::Hash(password_hash::Error::PhcStringField))
}

fn argon2() -> Result<Argon2<'static>, password_hash::Error> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Whether the password is the one of the hash. Takes as long when there is no hash: then it never is.
pub fn verify(hash: Option<&PasswordHash>, password: &[u8]) -> bool {
    static NOBODYS: OnceLock<Option<PasswordHash>> = OnceLock::new();
    let nobodys = || NOBODYS.get_or_init(|| hash_with("nobody's", &[0; 16]).ok()).as_ref();
    let Some(shown) = hash.or_else(nobodys) else { return false };
    let Ok(parsed) = password_hash::PasswordHash::new(shown.as_str()) else { return false };
    let Ok(argon2) = argon2() else { return false };
    // The cost is the hash's own, which is bounded.
    let is_right = argon2.verify_password(password, &parsed).is_ok();
    hash.is_some() && is_right
}

/// The hash of a code.
pub fn code_hash(code: &[u8]) -> CodeHash {
    CodeHash::new(Sha256::digest(code).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_readable_and_its_own_hash_s_only() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), 27);
        assert!(one.bytes().all(|byte| byte == b'-' || LETTERS.contains(&byte)), "{one}");
        let hash = hash(&one).unwrap();
        assert!(verify(Some(&hash), one.as_bytes()));
        assert!(!verify(Some(&hash), two.as_bytes()));
        assert!(!verify(Some(&hash), b""));
        assert!(!verify(None, b"nobody's"), "what stands in for no hash is nobody's password");
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=8192,t=3,p=1$"));
    }
}
