//! Who may connect, and does the listener fit to that?

use std::net::SocketAddr;

use super::Finding;
use crate::access::{describe, file};
use crate::config::Config;
use crate::domain::registry::Registry;

pub(super) fn check(config: &Config) -> Finding {
    match file::read(&config.registry_file()) {
        Ok((registry, stamp)) if stamp.is_some_and(|stamp| stamp.is_exposed()) => Finding::warning(format!(
            "{}; 登记文件他人可读写 OTHERS MAY READ OR WRITE THE FILE: chmod 600",
            describe::accounts(&registry)
        )),
        Ok((registry, _)) => judge(config.listener.bind, &registry),
        Err(error) => {
            let text = error.to_string().replace('\n', super::NEXT_LINE);
            Finding::failure(format!("无法使用 unusable: {text}"))
        }
    }
}

/// Where the listener would listen.
pub(super) fn bind(config: &Config) -> SocketAddr {
    let registry = file::read(&config.registry_file()).map(|(registry, _)| registry).unwrap_or_default();
    describe::allowed_bind(config.listener.bind, &registry)
}

fn judge(bind: SocketAddr, registry: &Registry) -> Finding {
    let text = describe::accounts(registry);
    if describe::allowed_bind(bind, registry) != bind {
        return Finding::failure(format!(
            "{text}; 未设账号不监听外部地址 listener.bind = {bind} is not used without credentials"
        ));
    }
    if registry.asks_for_credentials() { Finding::ok(text) } else { Finding::warning(text) }
}

#[cfg(test)]
mod tests {
    use super::super::Verdict;
    use super::*;
    use crate::config::registry_file;

    #[test]
    fn nobody_with_credentials_is_a_warning_here_and_fails_beyond_this_machine() {
        let some =
            registry_file::read("[[device]]\nid = \"car-07\"\ncertificate = true\n", "r.toml").unwrap();
        let (here, beyond) = ("127.0.0.1:1883".parse().unwrap(), "0.0.0.0:1883".parse().unwrap());
        assert_eq!(judge(here, &Registry::default()).verdict, Verdict::Warning);
        assert_eq!(judge(beyond, &Registry::default()).verdict, Verdict::Failure);
        assert_eq!(judge(here, &some).verdict, Verdict::Ok);
        assert_eq!(judge(beyond, &some).verdict, Verdict::Ok);
    }

    #[test]
    fn a_file_that_can_t_be_used_fails_with_its_place() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "[[device]]\nid = \"Car\"\n").unwrap();
        let mut config = Config::default();
        config.devices.registry = Some(file.path().to_owned());
        let finding = check(&config);
        assert_eq!(finding.verdict, Verdict::Failure);
        assert!(finding.text.contains(":2:6: device.id: expected 1 to 32"), "{finding:?}");
    }
}
