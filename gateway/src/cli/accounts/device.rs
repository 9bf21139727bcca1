//! `patrol-gateway device`: the devices that may connect, and how new ones get there.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    AccountError, by, change, changed, kind_name, new_password, parse_name, revoke, rotate, shown, told,
};
use crate::access::{file, passwords};
use crate::audit::Event;
use crate::cli::Exit;
use crate::cli::human::table;
use crate::clock;
use crate::config::{Config, parse_duration, registry_file};
use crate::domain::registry::{
    AccountKind, Assigning, CodeHash, Credentials, DeviceEntry, DeviceKind, Enrolment, Registry,
};
use crate::domain::report::DeviceId;

/// An enrolment lasts from ...
const ENROL_MIN: Duration = Duration::from_secs(60);
/// ... to so long.
const ENROL_MAX: Duration = Duration::from_secs(7 * 24 * 3600);

/// What to do with devices.
#[derive(Debug, Clone, Subcommand)]
pub enum DeviceCommand {
    /// 添加 Let a device connect; prints its password, once
    Add(AddArgs),
    /// 列表 List the devices
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// 归属 Say where a device belongs and which vehicle carries it
    Assign(AssignArgs),
    /// 换密码 Give a device another password; the old one ends at once, and so does a revocation
    Rotate {
        /// The device
        #[arg(value_parser = parse_name)]
        id: DeviceId,
    },
    /// 吊销 Let a device connect no more; its session ends within seconds
    Revoke {
        /// The device
        #[arg(value_parser = parse_name)]
        id: DeviceId,
    },
    /// 批量注册 Let new devices in by a code, for a while; prints the code, once
    Enrol(EnrolArgs),
}

/// A device that is added.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// The device: its id, as in its topics
    #[arg(value_parser = parse_name)]
    id: DeviceId,
    /// vehicle, handheld, camera, sensor or other
    #[arg(long, default_value = "other", value_parser = parse_kind)]
    kind: DeviceKind,
    /// The grid where it belongs
    #[arg(long, value_parser = parse_grid)]
    grid: Option<Box<str>>,
    /// The vehicle that carries it, by the device id of that one's unit
    #[arg(long, value_parser = parse_name)]
    vehicle: Option<DeviceId>,
    /// It shows a client certificate whose CN is its id, and needs no password
    #[arg(long)]
    certificate: bool,
}

/// Where a device belongs from now on.
#[derive(Debug, Clone, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).multiple(true)))]
pub struct AssignArgs {
    /// The device
    #[arg(value_parser = parse_name)]
    id: DeviceId,
    /// The grid where it belongs; "-": none
    #[arg(long, value_parser = or_none(parse_grid), group = "what")]
    grid: Option<OrNone<Box<str>>>,
    /// The vehicle that carries it, by the device id of that one's unit; "-": none
    #[arg(long, value_parser = or_none(parse_name), group = "what")]
    vehicle: Option<OrNone<DeviceId>>,
}

/// A value, or that there is to be none.
#[derive(Debug, Clone)]
struct OrNone<T>(Option<T>);

/// Reads a value, or `-` for none.
fn or_none<T>(
    parse: fn(&str) -> Result<T, String>,
) -> impl Fn(&str) -> Result<OrNone<T>, String> + Clone + Send + Sync {
    move |text| if text == "-" { Ok(OrNone(None)) } else { parse(text).map(|value| OrNone(Some(value))) }
}

/// An enrolment that is opened.
#[derive(Debug, Clone, Args)]
pub struct EnrolArgs {
    /// How long, such as 10m: 1m to 168h
    #[arg(long = "for", default_value = "10m", value_parser = parse_span)]
    span: Duration,
    /// How many devices
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    count: u32,
    /// What they are: vehicle, handheld, camera, sensor or other
    #[arg(long, default_value = "other", value_parser = parse_kind)]
    kind: DeviceKind,
}

fn parse_kind(text: &str) -> Result<DeviceKind, String> {
    let names = || DeviceKind::ALL.map(DeviceKind::as_str).join(", ");
    DeviceKind::from_name(text).ok_or_else(|| format!("there are {}", names()))
}

fn parse_grid(text: &str) -> Result<Box<str>, String> {
    registry_file::parse_grid(text).ok_or_else(|| "1 to 64 visible characters".to_owned())
}

fn parse_span(text: &str) -> Result<Duration, String> {
    let span = parse_duration(text).filter(|span| (ENROL_MIN..=ENROL_MAX).contains(span));
    span.ok_or_else(|| "a duration from 1m to 168h, with its unit: s, m or h".to_owned())
}

/// Does what the command line says.
pub fn run(config: &Config, command: &DeviceCommand) -> Exit {
    told(match command {
        DeviceCommand::Add(args) => add(config, args),
        DeviceCommand::Assign(args) => assign(config, args),
        DeviceCommand::List { json } => list(config, *json),
        DeviceCommand::Rotate { id } => rotate(config, AccountKind::Device, id),
        DeviceCommand::Revoke { id } => revoke(config, AccountKind::Device, id),
        DeviceCommand::Enrol(args) => enrol(config, args),
    })
}

fn add(config: &Config, args: &AddArgs) -> Result<String, AccountError> {
    let (kind, password) = (AccountKind::Device, new_password(args.certificate)?);
    let (text, hash) = password.unzip();
    let credentials = Credentials { password: hash, certificate: args.certificate, revoked: false };
    let (id, home_grid, vehicle) = (args.id.clone(), args.grid.clone(), args.vehicle.clone());
    let entry = DeviceEntry { id, kind: args.kind, home_grid, vehicle, credentials, enrolled_with: None };
    let mut is_first = false;
    change(config, &changed("add", kind, &args.id), |registry| {
        is_first = !registry.asks_for_credentials();
        registry.add_device(entry)
    })?;
    Ok(shown(kind, &args.id, text.as_deref(), is_first))
}

fn assign(config: &Config, args: &AssignArgs) -> Result<String, AccountError> {
    let home_grid = args.grid.clone().map(|OrNone(grid)| grid);
    let vehicle = args.vehicle.clone().map(|OrNone(vehicle)| vehicle);
    let event = changed("assign", AccountKind::Device, &args.id);
    change(config, &event, |registry| registry.assign(&args.id, Assigning { home_grid, vehicle }))?;
    Ok(format!("已归属 assigned: {}\n", args.id))
}

fn enrol(config: &Config, args: &EnrolArgs) -> Result<String, AccountError> {
    let code = passwords::generate()?;
    let now_ms = clock::unix_ms();
    let span_ms = i64::try_from(args.span.as_millis()).unwrap_or(i64::MAX);
    let hash: CodeHash = passwords::code_hash(code.as_bytes());
    let until_ms = now_ms.saturating_add(span_ms);
    let enrolment = Enrolment { code: hash, until_ms, left: args.count, kind: args.kind };
    let event = Event::EnrolmentOpened { devices: args.count, for_s: args.span.as_secs() };
    change(config, &event, |registry| registry.open_enrolment(enrolment, now_ms))?;
    let (count, minutes) = (args.count, args.span.as_secs().div_ceil(60));
    Ok(format!(
        "用户名 user      enrol\n\
         注册码 password  {code}    (仅显示一次 shown once)\n\
         客户端 client id 设备编号 the device's id\n\
         有效 good for    {minutes} 分钟 min, {count} 台 devices\n"
    ))
}

fn list(config: &Config, json: bool) -> Result<String, AccountError> {
    let (registry, _) = file::read(&config.registry_file())?;
    if json {
        return Ok(serde_json::to_string_pretty(&as_json(&registry))? + "\n");
    }
    let mut lines = vec![
        ["设备 device", "类型 kind", "网格 grid", "车辆 vehicle", "凭证 credentials"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for device in registry.devices() {
        let grid = device.home_grid.as_deref().unwrap_or("-");
        let mut by = by(&device.credentials).to_owned();
        if device.enrolled_with.is_some() {
            by.push_str("，未首次登录 not used yet");
        }
        let vehicle = device.vehicle.as_ref().map_or("-", DeviceId::as_str);
        lines
            .push([device.id.as_str(), device.kind.as_str(), grid, vehicle, &by].map(str::to_owned).to_vec());
    }
    let mut text = table(&lines);
    let kinds = registry_file::census_of_kinds(&registry);
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let all = registry.devices().count();
    text.push_str(&format!("共 {all} 台 {all} devices: {}\n", kinds.join(", ")));
    let now_ms = clock::unix_ms();
    for open in registry.enrolments().iter().filter(|open| now_ms < open.until_ms) {
        let (left, minutes) = (open.left, (open.until_ms - now_ms) / 60_000 + 1);
        text.push_str(&format!("注册开放中 enrolment open: {left} 台 devices, {minutes} 分钟 min\n"));
    }
    Ok(text)
}

fn as_json(registry: &Registry) -> serde_json::Value {
    let device = |device: &DeviceEntry| {
        json!({
            "id": device.id.as_str(),
            "kind": device.kind.as_str(),
            "grid": device.home_grid,
            "vehicle": device.vehicle.as_ref().map(DeviceId::as_str),
            "password": device.credentials.password.is_some(),
            "certificate": device.credentials.certificate,
            "revoked": device.credentials.revoked,
            "used": device.enrolled_with.is_none(),
        })
    };
    json!({ kind_name(AccountKind::Device).to_owned() + "s": registry.devices().map(device).collect::<Vec<_>>() })
}
