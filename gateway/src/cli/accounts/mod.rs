//! `patrol-gateway device` and `application`: who may connect. They change the file of the registry; a gateway that runs notices within
//! seconds. A password is shown once, here, and kept as a hash only.

pub mod application;
pub mod device;

use std::fmt::Write as _;

use super::{Exit, print};
use crate::access::file::{self, FileError};
use crate::access::passwords::{self, PasswordError};
use crate::audit::{self, Event};
use crate::config::Config;
use crate::domain::registry::{AccountKind, Credentials, PasswordHash, Registry, RegistryFault};
use crate::domain::report::DeviceId;

/// Why a command could not do it.
#[derive(Debug, thiserror::Error)]
enum AccountError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Password(#[from] PasswordError),
    #[error("输出 output: {0}")]
    Json(#[from] serde_json::Error),
}

fn told(done: Result<String, AccountError>) -> Exit {
    match done {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("未完成 Not done: {error}");
            Exit::Failure
        }
    }
}

const fn kind_name(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Device => "device",
        AccountKind::Application => "application",
    }
}

/// Reads an id or name on the command line.
fn parse_name(text: &str) -> Result<DeviceId, String> {
    DeviceId::parse(text).ok_or_else(|| "1 to 32 of a-z, 0-9 and \"-\", not beginning with \"-\"".to_owned())
}

/// Changes the registry and notes that in the audit log.
fn change(
    config: &Config,
    event: &Event,
    change: impl FnOnce(&mut Registry) -> Result<(), RegistryFault>,
) -> Result<(), AccountError> {
    file::edit(&config.registry_file(), change)?;
    if let Err(error) = audit::append(&config.gateway.data_dir, event) {
        eprintln!("审计日志未写入 The audit log could not be written: {error}");
    }
    Ok(())
}

fn changed(change: &'static str, kind: AccountKind, name: &DeviceId) -> Event {
    Event::RegistryChanged { change, kind: kind_name(kind), account: name.to_string() }
}

/// A password and its hash; none when a certificate is to do.
fn new_password(certificate: bool) -> Result<Option<(String, PasswordHash)>, AccountError> {
    if certificate {
        return Ok(None);
    }
    let password = passwords::generate()?;
    let hash = passwords::hash(&password)?;
    Ok(Some((password, hash)))
}

/// What a person needs to know of an account that is new, or has another password.
fn shown(kind: AccountKind, name: &DeviceId, password: Option<&str>, is_first: bool) -> String {
    let mut text = format!("用户名 user      {name}\n");
    match password {
        Some(password) => _ = writeln!(text, "密码 password    {password}    (仅显示一次 shown once)"),
        None => _ = writeln!(text, "证书 certificate CN = {name}"),
    }
    match kind {
        AccountKind::Device => _ = writeln!(text, "客户端 client id {name}"),
        AccountKind::Application => text.push_str("客户端 client id 任意 any\n"),
    }
    if is_first {
        text.push_str(
            "首个账号：从现在起所有设备和应用都须凭证接入 the first account: from now on whoever connects needs credentials\n",
        );
    }
    text
}

fn rotate(config: &Config, kind: AccountKind, name: &DeviceId) -> Result<String, AccountError> {
    let password = passwords::generate()?;
    let hash = passwords::hash(&password)?;
    change(config, &changed("rotate", kind, name), |registry| registry.rotate(kind, name, hash))?;
    Ok(shown(kind, name, Some(&password), false))
}

fn revoke(config: &Config, kind: AccountKind, name: &DeviceId) -> Result<String, AccountError> {
    change(config, &changed("revoke", kind, name), |registry| registry.revoke(kind, name))?;
    Ok(format!("已吊销 revoked: {name}\n"))
}

/// How an account comes in, in words.
fn by(credentials: &Credentials) -> &'static str {
    match (credentials.revoked, credentials.password.is_some(), credentials.certificate) {
        (true, ..) => "已吊销 revoked",
        (_, true, true) => "密码或证书 password or certificate",
        (_, true, false) => "密码 password",
        (_, false, true) => "证书 certificate",
        (_, false, false) => "无 nothing",
    }
}
