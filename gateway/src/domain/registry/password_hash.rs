//! The hash of a password, as it stands in the registry.

use std::fmt;
use std::sync::Arc;

/// What a hash may cost whoever verifies it: memory in KiB ...
const MEMORY_KIB_MAX: u32 = 64 * 1024;
/// ... and passes over it.
const PASSES_MAX: u32 = 10;
/// Longest text.
const BYTES_MAX: usize = 256;

/// An Argon2id hash in the usual form: `$argon2id$v=19$m=8192,t=3,p=1$SALT$HASH`, of a cost that is bounded.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Reads a hash; `None` when it has another form, or would cost too much to verify.
    pub fn parse(text: &str) -> Option<PasswordHash> {
        let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (costs, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
        let is_base64 = |part: &str| {
            let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/';
            part.len() >= 11 && part.bytes().all(letter)
        };
        let whole = text.len() <= BYTES_MAX && parts.next().is_none() && is_base64(salt) && is_base64(hash);
        (whole && is_affordable(costs)?).then(|| PasswordHash(text.into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// `m=8192,t=3,p=1`.
fn is_affordable(costs: &str) -> Option<bool> {
    let mut costs = costs.split(',');
    let mut cost = |name: &str| costs.next()?.strip_prefix(name)?.parse::<u32>().ok();
    let (memory_kib, passes, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
    let is_whole = costs.next().is_none();
    Some(
        is_whole
            && (8..=MEMORY_KIB_MAX).contains(&memory_kib)
            && (1..=PASSES_MAX).contains(&passes)
            && lanes == 1,
    )
}

/// Even a hash is nobody's business.
impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hash_that_can_be_verified_at_a_bounded_cost_is_one() {
        let of = |costs: &str| format!("$argon2id$v=19${costs}$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA");
        assert!(PasswordHash::parse(&of("m=8192,t=3,p=1")).is_some());
        for costs in
            ["m=4294967295,t=3,p=1", "m=8192,t=11,p=1", "m=8192,t=3,p=2", "m=8192,t=3", "t=3,m=8192,p=1", ""]
        {
            assert_eq!(PasswordHash::parse(&of(costs)), None, "{costs}");
        }
        for text in ["", "secret", "$argon2i$v=19$m=8192,t=3,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA"] {
            assert_eq!(PasswordHash::parse(text), None, "{text}");
        }
        assert_eq!(PasswordHash::parse(&(of("m=8192,t=3,p=1") + "$")), None);
    }
}
