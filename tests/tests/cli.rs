//! The command line: what an operator types and reads, and the exit codes a script goes by.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{incident, telemetry, up};
use patrol_tests::{Ended, Gateway, World, program, run_to_end};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(30);

/// Runs `patrol-gateway` with these arguments and environment variables (`NAME=value`).
async fn run(variables: &[String], args: &[&str]) -> Ended {
    let program = program("patrol-gateway");
    let words = variables.iter().map(String::as_str).chain([program.to_str().expect("a plain path")]);
    run_to_end("/usr/bin/env", words.chain(args.iter().copied()), SOON).await
}

/// Runs it on a configuration file.
async fn run_on(config: &Path, args: &[&str]) -> Ended {
    run(&[], &[args, &["--config", config.to_str().expect("a plain path")]].concat()).await
}

/// A configuration that works here: free ports, data in the world; `more` is appended.
fn good(world: &World, more: &str) -> String {
    let data = world.dir().join("data");
    format!(
        "[gateway]\ndata_dir = \"{}\"\n[listener]\nbind = \"127.0.0.1:0\"\n[http]\nbind = \"127.0.0.1:0\"\n{more}",
        data.display()
    )
}

/// The configuration file of a gateway that runs.
fn config_of(gateway: &Gateway) -> std::path::PathBuf {
    gateway.dir().join("patrol-gateway.toml")
}

#[tokio::test]
async fn check_says_one_line_for_each_thing_and_ends_well_when_all_is_well() {
    const SUBJECTS: [&str; 10] = [
        "config",
        "disk",
        "clock",
        "listener",
        "accounts",
        "devices",
        "http",
        "uplink",
        "geography",
        "mapping",
    ];
    let world = World::new();
    let platform = world.platform().await;
    let url = format!("[uplink]\nkind = \"https\"\nurl = \"{}\"\n", platform.url());
    let keys = world.file("keys.toml", "");
    let registry = world.file("registry.toml", "[[device]]\nid = \"car-07\"\ncertificate = true\n");
    for file in [&keys, &registry] {
        std::fs::set_permissions(file, Permissions::from_mode(0o600)).expect("our own file");
    }
    let files = format!("keys = \"{}\"\nregistry = \"{}\"\n", keys.display(), registry.display());
    let complete = format!("{url}[devices]\n{files}");
    // Without an uplink, accounts and keys it runs, and somebody should know.
    for (more, verdict_on_both) in [("", "警告 warn"), (complete.as_str(), "通过 ok")] {
        let checked = run_on(&world.file("good.toml", good(&world, more)), &["check"]).await;
        assert_eq!((checked.code, checked.stderr.as_str()), (Some(0), ""), "{checked:?}");
        let lines: Vec<&str> = checked.stdout.lines().collect();
        assert_eq!(lines.len(), SUBJECTS.len(), "{}", checked.stdout);
        for (line, subject) in lines.iter().zip(SUBJECTS) {
            let verdict = if ["uplink", "accounts", "devices"].contains(&subject) {
                verdict_on_both
            } else {
                "通过 ok"
            };
            assert!(line.starts_with(verdict) && line.contains(subject), "{line}");
        }
    }
    assert!(!world.dir().join("data").exists(), "a check changes nothing");
}

#[tokio::test]
async fn check_names_what_is_wrong_in_one_line_and_fails() {
    let world = World::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("its address").to_string();
    let closed = "http://127.0.0.1:1";
    let file = world.file("a-file", "x").display().to_string();
    let uplink =
        |more: &str| good(&world, &format!("[uplink]\nkind = \"https\"\nurl = \"{closed}\"\n{more}"));
    let cases = [
        (good(&world, "").replace("data_dir = \"", &format!("data_dir = \"{file}/")), "disk", file.as_str()),
        (good(&world, "").replacen("127.0.0.1:0", &taken, 1), "listener", taken.as_str()),
        (uplink(""), "uplink", closed),
        (uplink("token_file = \"/nowhere/token\""), "uplink", "/nowhere/token"),
        (uplink(&format!("ca_file = \"{file}\"")), "uplink", "no certificate"),
        (good(&world, "[geography]\ngrids = \"/nowhere/grids\""), "geography", "/nowhere/grids"),
        (good(&world, &format!("[geography]\ngrids = \"{file}\"")), "geography", file.as_str()),
        (good(&world, "[devices]\nkeys = \"/nowhere/keys\""), "devices", "/nowhere/keys"),
        (good(&world, &format!("[devices]\nkeys = \"{file}\"")), "devices", "not TOML"),
        (good(&world, "[uplnk]"), "config", "uplnk"),
        (good(&world, "[log]\nfilter = 7"), "config", "log.filter"),
    ];
    for (config, subject, named) in cases {
        let checked = run_on(&world.file("bad.toml", &config), &["check"]).await;
        assert_eq!((checked.code, checked.stderr.as_str()), (Some(1), ""), "{config}\n{checked:?}");
        let failed: Vec<&str> = checked.stdout.lines().filter(|line| line.starts_with("失败 FAIL")).collect();
        let [line] = failed.as_slice() else { panic!("{config}\n{}", checked.stdout) };
        assert!(line.contains(subject) && line.contains(named), "{line}");
    }
    let missing = run_on(Path::new("/nowhere/p.toml"), &["check"]).await;
    assert!(missing.code == Some(1) && missing.stdout.contains("/nowhere/p.toml"), "{missing:?}");
}

#[tokio::test]
async fn check_passes_while_this_very_gateway_runs() {
    let world = World::new();
    let gateway = world.gateway().start().await;
    // The file says "any port"; the ports that the gateway took are given as an operator would have written them.
    let bind = |section: &str, addr: &str| format!("PATROL_GATEWAY__{section}__BIND={addr}");
    let (mqtt, http) = (gateway.mqtt().to_string(), gateway.http_url().replace("http://", ""));
    let variables = [bind("LISTENER", &mqtt), bind("HTTP", &http)];
    let config = config_of(&gateway).display().to_string();
    let checked = run(&variables, &["check", "--config", &config]).await;
    assert_eq!(checked.code, Some(0), "{checked:?}");
    assert!(checked.stdout.contains("gateway box-demo is running"), "{}", checked.stdout);
}

#[tokio::test]
async fn status_answers_in_words_and_in_json_and_says_when_no_gateway_runs() {
    let world = World::new();
    let mut gateway = world.gateway().start().await;
    let mut device = Connection::connect(&gateway, Version::V5, "car-07").await;
    device.report_all(&up("car-07", "incident"), (0..3).map(|seq| incident(1, seq))).await;
    device.report_all(&up("car-07", "telemetry"), (3..8).map(|seq| telemetry(1, seq))).await;
    let http = format!("PATROL_GATEWAY__HTTP__BIND={}", gateway.http_url().replace("http://", ""));
    let (words, json) = (
        run(std::slice::from_ref(&http), &["status"]).await,
        run(std::slice::from_ref(&http), &["status", "--json"]).await,
    );
    assert_eq!((words.code, words.stderr.as_str()), (Some(0), ""), "{words:?}");
    let first = words.stdout.lines().next().expect("a first line");
    assert!(first.starts_with("可以断电 Safe to power off"), "{first}");
    assert!(first.contains("3 incidents and 5 other reports pending"), "{first}");
    assert_eq!(json.code, Some(0), "{json:?}");
    let told: Value = serde_json::from_str(&json.stdout).expect("JSON and nothing else");
    assert_eq!((&told["pending"]["incident"], &told["pending"]["telemetry"]), (&3.into(), &5.into()));
    assert_eq!(told, gateway.status().await, "it is the API's answer");

    gateway.kill9().await;
    let (words, json) = (
        run(std::slice::from_ref(&http), &["status"]).await,
        run(std::slice::from_ref(&http), &["status", "--json"]).await,
    );
    assert_eq!((words.code, json.code), (Some(3), Some(3)));
    assert!(words.stdout.contains("网关未运行 The gateway is not running"), "{words:?}");
    assert_eq!(json.stdout, "", "a reader of JSON gets JSON or nothing");
    assert!(json.stderr.contains("not running"), "{json:?}");
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_with_place_nearest_name_and_exit_code_2() {
    let world = World::new();
    let config =
        world.file("p.toml", "[gateway]\n  ide = \"box-1\"\n\n[listner]\n[uplink]\ntimeout = \"ten\"\n");
    let place = config.display();
    let expected = [
        format!("{place}:2:3: unknown gateway.ide; the nearest known name is id"),
        format!("{place}:4:2: unknown listner; the nearest known name is [listener]"),
        format!("{place}:6:11: uplink.timeout: expected a duration"),
    ];
    for command in [&["run"][..], &["status"], &["config"], &[]] {
        let refused = run_on(&config, command).await;
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{command:?}: {refused:?}");
        for line in &expected {
            assert!(refused.stderr.contains(line), "{line}\nis not in\n{}", refused.stderr);
        }
    }
    let refused = run(&["PATROL_GATEWAY__UPLINK__ULR=x".to_owned()], &["config"]).await;
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("the nearest known name is PATROL_GATEWAY__UPLINK__URL"), "{refused:?}");
    for wrong in [&["runn"][..], &["--confg", "x"], &["status", "--yaml"]] {
        assert_eq!(run(&[], wrong).await.code, Some(2), "{wrong:?}");
    }
    for right in ["--help", "--version"] {
        assert_eq!(run(&[], &[right]).await.code, Some(0), "{right}");
    }
}

#[tokio::test]
async fn the_printed_template_is_a_configuration_as_it_is_and_with_every_key_uncommented() {
    let world = World::new();
    let template = run(&[], &["config", "--default"]).await;
    assert_eq!(template.code, Some(0));
    let defaults = run(&[], &["config"]).await.stdout;
    let as_it_is = run_on(&world.file("template.toml", &template.stdout), &["config"]).await;
    assert_eq!((as_it_is.code, &as_it_is.stdout), (Some(0), &defaults), "{}", as_it_is.stderr);
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(key) if key.contains(" = ") && !key.starts_with(' ') => format!("{key}\n"),
        _ => format!("{line}\n"),
    };
    let uncommented: String = template.stdout.lines().map(uncomment).collect();
    let keys = uncommented.lines().filter(|line| line.contains(" = ") && !line.starts_with('#')).count();
    assert!(keys > 20, "{uncommented}");
    let read = run_on(&world.file("uncommented.toml", &uncommented), &["config"]).await;
    assert_eq!(read.code, Some(0), "{}", read.stderr);
}

/// A value for each key that is not its default.
const OTHER_VALUES: [(&str, &str); 103] = [
    ("gateway.id", "box-099"),
    ("gateway.kind", "community"),
    ("gateway.data_dir", "/tmp/elsewhere"),
    ("gateway.site", "{ lon = 104.5, lat = 31.25 }"),
    ("listener.bind", "127.0.0.1:1999"),
    ("listener.tls_bind", "127.0.0.1:1998"),
    ("listener.ws_bind", "127.0.0.1:1997"),
    ("listener.wss_bind", "127.0.0.1:1996"),
    ("listener.tls_certificate", "/tmp/chain.pem"),
    ("listener.tls_key", "/tmp/key.pem"),
    ("listener.tls_client_ca", "/tmp/devices.pem"),
    ("listener.ws_origins", "[\"https://desk.example.city\"]"),
    ("listener.max_unauthenticated", "7"),
    ("listener.max_messages_per_s", "77"),
    ("listener.max_bytes_per_s", "77KiB"),
    ("listener.max_connections", "77"),
    ("listener.max_packet_bytes", "8KiB"),
    ("listener.max_in_flight", "7"),
    ("listener.max_topic_bytes", "2048"),
    ("listener.max_topic_levels", "16"),
    ("listener.max_topic_aliases", "8"),
    ("listener.max_sessions", "50"),
    ("listener.max_session_expiry", "2h"),
    ("listener.max_queued", "500"),
    ("listener.max_subscriptions", "20"),
    ("listener.connect_timeout", "7s"),
    ("broker.url", "mqtts://broker.example.city"),
    ("broker.mqtt_version", "3.1.1"),
    ("broker.client_id", "box-099-in"),
    ("broker.username", "box-099"),
    ("broker.password_file", "/tmp/password"),
    ("broker.ca_file", "/tmp/broker.pem"),
    ("broker.topics", "[\"patrol/v1/up/+/incident\"]"),
    ("broker.allow_plain", "true"),
    ("devices.keys", "/tmp/keys"),
    ("devices.unlisted", "refuse"),
    ("devices.registry", "/etc/patrol/registry.toml"),
    ("http.bind", "127.0.0.1:8999"),
    ("http.token_file", "/tmp/api-token"),
    ("geography.grids", "/tmp/grids"),
    ("geography.codes", "/tmp/codes"),
    ("geography.unit_grids", "/tmp/unit_grids"),
    ("geography.rules", "/tmp/rules"),
    ("geography.places", "/tmp/places"),
    ("geography.stalls", "/tmp/stalls"),
    ("geography.points", "/tmp/points"),
    ("geography.camera_events", "/tmp/camera_events"),
    ("geography.central_meridian_deg", "104.5"),
    (
        "geography.local_system",
        "{ dx_m = 1.5, dy_m = -2.5, rotation_arcsec = 30.5, scale_ppm = -7.5, central_meridian_deg = 104.5 }",
    ),
    ("store.max_bytes", "128MiB"),
    ("store.incident_reserve", "7MiB"),
    ("store.evidence_max_bytes", "9MiB"),
    ("store.keep_accepted", "777"),
    ("store.keep_quarantined", "77"),
    ("store.keep_journal", "78"),
    ("store.task_reserve", "3MiB"),
    ("store.evidence_reserve", "2MiB"),
    ("store.status_reserve", "1MiB"),
    ("store.reading_reserve", "4MiB"),
    ("store.telemetry_reserve", "5MiB"),
    ("store.status_max_bytes", "10MiB"),
    ("store.reading_max_bytes", "11MiB"),
    ("store.telemetry_max_bytes", "12MiB"),
    ("store.status_when_full", "withhold"),
    ("store.reading_when_full", "withhold"),
    ("store.telemetry_when_full", "drop_oldest"),
    ("store.incident_linger", "7ms"),
    ("store.task_linger", "8ms"),
    ("store.evidence_linger", "9ms"),
    ("store.status_linger", "70ms"),
    ("store.reading_linger", "71ms"),
    ("store.telemetry_linger", "72ms"),
    ("store.reading_durability", "delayed"),
    ("store.telemetry_durability", "delayed"),
    ("store.sync_within", "7s"),
    ("store.flash_budget_per_day", "7GiB"),
    ("uplink.kind", "https"),
    ("uplink.url", "http://10.1.2.3/ingest"),
    ("uplink.timeout", "7s"),
    ("uplink.batch_events", "77"),
    ("uplink.batch_bytes", "77KiB"),
    ("uplink.retry_min", "70ms"),
    ("uplink.retry_max", "7s"),
    ("uplink.token_file", "/tmp/token"),
    ("uplink.ca_file", "/tmp/ca"),
    ("uplink.allow_plain_http", "true"),
    ("uplink.name", "desk"),
    ("uplink.classes", "[\"incident\", \"status\"]"),
    ("uplink.required", "false"),
    ("uplink.in_flight", "2"),
    ("uplink.client_certificate", "/tmp/own.pem"),
    ("uplink.client_key", "/tmp/own.key"),
    ("link.metered", "true"),
    ("link.state_file", "/tmp/link"),
    ("link.budget_per_day", "77MiB"),
    ("link.metered_budget_per_day", "7MiB"),
    ("link.live_percent", "77"),
    ("link.live_window", "77s"),
    ("link.newest_first", "[\"telemetry\"]"),
    ("link.unmetered_only", "[\"reading\"]"),
    ("link.depot_only", "[\"status\"]"),
    ("link.drain_jitter", "7s"),
    ("log.filter", "warn"),
];

/// Keys and values.
type Values = [(&'static str, &'static str)];

/// Keys that mean something for one kind of uplink only: the kind, a URL of it, and they.
const OF_KINDS: [(&str, &str, &Values); 4] = [
    ("https", "https://a.example", &[("compression", "gzip"), ("compact", "false")]),
    (
        "mqtt",
        "mqtts://a.example",
        &[("mqtt_version", "3.1.1"), ("client_id", "box"), ("username", "box-1"), ("receipts", "true")],
    ),
    ("nats", "tls://a.example", &[("servers", "[\"tls://b.example\"]"), ("username", "box-2")]),
    ("open311", "https://a.example", &[("jurisdiction", "deyang"), ("services", "/tmp/services.csv")]),
];

#[tokio::test]
async fn every_key_can_be_overridden_by_its_environment_variable() {
    let world = World::new();
    let schema: Value = serde_json::from_str(&run(&[], &["config", "--schema"]).await.stdout).expect("JSON");
    // Arrays of entries have no variables.
    let sections = schema["properties"].as_object().expect("sections").iter();
    let sections = sections.map(|(name, section)| (name, section["anyOf"].get(0).unwrap_or(section)));
    let sections = sections.filter(|(_, section)| section["type"] == "object");
    let known = sections.flat_map(|(section, keys)| {
        let keys = keys["properties"].as_object().expect("keys");
        keys.keys().map(move |key| format!("{section}.{key}"))
    });
    let of_kinds = OF_KINDS.iter().flat_map(|(.., keys)| keys.iter().map(|(key, _)| format!("uplink.{key}")));
    let (mut known, mut tested): (Vec<_>, Vec<_>) =
        (known.collect(), OTHER_VALUES.iter().map(|(key, _)| (*key).to_owned()).chain(of_kinds).collect());
    known.sort();
    tested.sort();
    tested.dedup(); // some are for several kinds
    assert_eq!(known, tested, "every key has a value here");

    let file = world.file("p.toml", run(&[], &["config"]).await.stdout);
    let variable = |key: &str| format!("PATROL_GATEWAY__{}", key.replace('.', "__").to_uppercase());
    let variables: Vec<_> =
        OTHER_VALUES.iter().map(|(key, value)| format!("{}={value}", variable(key))).collect();
    let shown = run(&variables, &["config", "--config", file.to_str().expect("a plain path")]).await;
    assert_eq!(shown.code, Some(0), "{}", shown.stderr);
    for (key, value) in OTHER_VALUES {
        let (section, name) = key.split_once('.').expect("section.key");
        assert_eq!(value_in(&shown.stdout, section, name), Some(value), "{key}");
    }
    for (kind, url, keys) in OF_KINDS {
        let of_kind = [("kind", kind), ("url", url)];
        let variables = of_kind
            .iter()
            .chain(keys)
            .map(|(key, value)| format!("{}={value}", variable(&format!("uplink.{key}"))));
        let variables: Vec<_> = variables.collect();
        let shown = run(&variables, &["config"]).await;
        assert_eq!(shown.code, Some(0), "{}", shown.stderr);
        for (key, value) in keys {
            assert_eq!(value_in(&shown.stdout, "uplink", key), Some(*value), "{key}");
        }
    }
}

/// The value of a key in a configuration that is shown.
fn value_in<'a>(shown: &'a str, section: &str, key: &str) -> Option<&'a str> {
    let section = shown.split(&format!("[{section}]\n")).nth(1).expect("the section is shown");
    let section = section.split("\n[").next().unwrap_or_default();
    let line = section.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
    line.map(|line| line.trim_matches('"'))
}
