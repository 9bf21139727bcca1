//! Can the listener's certificate be used, and for how long?

use jiff::Timestamp;

use super::Finding;
use crate::app::entrance;
use crate::config::Listener;
use crate::mqtt::transport::certificate::{self, Identity};
use crate::mqtt::transport::renewal::WARN_BEFORE_S;

const DAY_S: i64 = 24 * 60 * 60;

/// `None` when no certificate is needed.
pub(super) fn check(listener: &Listener, now_unix_s: i64) -> Option<Finding> {
    let files = entrance::files(listener)?;
    Some(match certificate::load(&files) {
        Ok(identity) => judge(&identity, now_unix_s),
        Err(error) => Finding::failure(format!("无法使用 unusable: {error}")),
    })
}

fn judge(identity: &Identity, now_unix_s: i64) -> Finding {
    let left_s = identity.expires_unix_s - now_unix_s;
    let day = |unix_s| Timestamp::from_second(unix_s).map_or("?".to_owned(), |time| time.to_string());
    let (subject, until) = (&identity.subject, day(identity.expires_unix_s));
    if left_s <= 0 {
        return Finding::failure(format!("{subject}: 已过期 expired {until}"));
    }
    if identity.begins_unix_s > now_unix_s {
        let from = day(identity.begins_unix_s);
        return Finding::failure(format!("{subject}: 尚未生效 not valid before {from}"));
    }
    let text = format!("{subject}: 有效期至 valid until {until}, {} days", left_s / DAY_S);
    if left_s <= WARN_BEFORE_S {
        return Finding::warning(format!("{text}: 即将过期，请更换 renew it"));
    }
    match identity.exposed.is_some() {
        true => {
            Finding::warning(format!("{text}; 私钥他人可读写 OTHERS MAY READ OR WRITE THE KEY: chmod 600"))
        }
        false => Finding::ok(text),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;

    use super::super::Verdict;
    use super::*;

    /// 2026-01-01 to 2026-07-01.
    const BEGIN_S: i64 = 1_767_225_600;
    const END_S: i64 = 1_782_864_000;

    #[test]
    fn a_pair_is_judged_by_its_time_and_by_who_may_read_the_key() {
        let dir = tempfile::tempdir().unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["box.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2026, 7, 1);
        let paths = (dir.path().join("a.pem"), dir.path().join("a.key"));
        fs::write(&paths.0, params.self_signed(&key).unwrap().pem()).unwrap();
        fs::write(&paths.1, key.serialize_pem()).unwrap();
        let mode = |mode| fs::set_permissions(&paths.1, Permissions::from_mode(mode)).unwrap();
        let mut listener = Listener::default();
        assert_eq!(check(&listener, END_S), None);
        listener.tls_bind = Some(listener.bind);
        (listener.tls_certificate, listener.tls_key) = (Some(paths.0.clone()), Some(paths.1.clone()));
        let verdict = |now_s| check(&listener, now_s).unwrap().verdict;
        mode(0o600);
        assert_eq!(verdict(BEGIN_S), Verdict::Ok);
        assert_eq!(verdict(BEGIN_S - 1), Verdict::Failure);
        assert_eq!(verdict(END_S - 31 * DAY_S), Verdict::Ok);
        assert_eq!(verdict(END_S - 30 * DAY_S), Verdict::Warning);
        assert_eq!(verdict(END_S), Verdict::Failure);
        mode(0o644);
        assert_eq!(verdict(BEGIN_S), Verdict::Warning);
        fs::write(&paths.1, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
        assert_eq!(verdict(BEGIN_S), Verdict::Failure);
    }
}
