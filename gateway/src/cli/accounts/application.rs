//! `patrol-gateway application`: programs that may connect, and which topics they reach.

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    AccountError, by, change, changed, kind_name, new_password, parse_name, revoke, rotate, shown, told,
};
use crate::access::file;
use crate::cli::Exit;
use crate::cli::human::table;
use crate::config::{Config, registry_file};
use crate::domain::access::Application;
use crate::domain::registry::{AccountKind, ApplicationEntry, Credentials, FILTERS_MAX};
use crate::domain::report::DeviceId;
use crate::domain::topic::Filter;

/// What to do with applications.
#[derive(Debug, Clone, Subcommand)]
pub enum ApplicationCommand {
    /// 添加 Let a program connect; prints its password, once
    Add(AddArgs),
    /// 列表 List the applications
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// 换密码 Give an application another password; the old one ends at once, and so does a revocation
    Rotate {
        /// The application
        #[arg(value_parser = parse_name)]
        name: DeviceId,
    },
    /// 吊销 Let an application connect no more; its sessions end within seconds
    Revoke {
        /// The application
        #[arg(value_parser = parse_name)]
        name: DeviceId,
    },
}

/// An application that is added.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// Its name, which is its user name
    #[arg(value_parser = parse_name)]
    name: DeviceId,
    /// A topic filter that it may subscribe to, with everything within
    #[arg(long, value_name = "FILTER", num_args = 1.., value_parser = registry_file::parse_filter)]
    subscribe: Vec<Filter>,
    /// A topic filter that it may publish to
    #[arg(long, value_name = "FILTER", num_args = 1.., value_parser = registry_file::parse_filter)]
    publish: Vec<Filter>,
    /// It shows a client certificate whose CN is its name, and needs no password
    #[arg(long)]
    certificate: bool,
}

/// Does what the command line says.
pub fn run(config: &Config, command: &ApplicationCommand) -> Exit {
    if let ApplicationCommand::Add(args) = command
        && args.subscribe.len().max(args.publish.len()) > FILTERS_MAX
    {
        eprintln!("过滤器过多 At most {FILTERS_MAX} filters for each direction");
        return Exit::Usage;
    }
    told(match command {
        ApplicationCommand::Add(args) => add(config, args),
        ApplicationCommand::List { json } => list(config, *json),
        ApplicationCommand::Rotate { name } => rotate(config, AccountKind::Application, name),
        ApplicationCommand::Revoke { name } => revoke(config, AccountKind::Application, name),
    })
}

fn add(config: &Config, args: &AddArgs) -> Result<String, AccountError> {
    let (kind, password) = (AccountKind::Application, new_password(args.certificate)?);
    let (text, hash) = password.unzip();
    let credentials = Credentials { password: hash, certificate: args.certificate, revoked: false };
    let (name, subscribe, publish) = (args.name.clone(), args.subscribe.clone(), args.publish.clone());
    let application = Arc::new(Application { name, subscribe, publish });
    let mut is_first = false;
    change(config, &changed("add", kind, &args.name), |registry| {
        is_first = !registry.asks_for_credentials();
        registry.add_application(ApplicationEntry { application, credentials })
    })?;
    Ok(shown(kind, &args.name, text.as_deref(), is_first))
}

fn list(config: &Config, json: bool) -> Result<String, AccountError> {
    let (registry, _) = file::read(&config.registry_file())?;
    let texts =
        |filters: &[Filter]| filters.iter().map(|filter| filter.as_str().to_owned()).collect::<Vec<_>>();
    if json {
        let entry = |entry: &ApplicationEntry| {
            json!({
                "name": entry.application.name.as_str(),
                "subscribe": texts(&entry.application.subscribe),
                "publish": texts(&entry.application.publish),
                "password": entry.credentials.password.is_some(),
                "certificate": entry.credentials.certificate,
                "revoked": entry.credentials.revoked,
            })
        };
        let all: Vec<_> = registry.applications().map(entry).collect();
        return Ok(serde_json::to_string_pretty(
            &json!({ kind_name(AccountKind::Application).to_owned() + "s": all }),
        )? + "\n");
    }
    let head = ["应用 application", "订阅 subscribe", "发布 publish", "凭证 credentials"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    for ApplicationEntry { application, credentials } in registry.applications() {
        let filters = |filters: &[Filter]| match filters {
            [] => "-".to_owned(),
            filters => texts(filters).join(" "),
        };
        let (subscribe, publish) = (filters(&application.subscribe), filters(&application.publish));
        lines.push(vec![application.name.to_string(), subscribe, publish, by(credentials).to_owned()]);
    }
    let all = registry.applications().count();
    Ok(table(&lines) + &format!("共 {all} 个 {all} applications\n"))
}
