//! The order of the layers, read from the sources: who may import whom, who reads the clock, and that the simulator knows the
//! gateway by its wires only.
//!
//! ```text
//! domain -> store -> {mqtt over intake and downlink, uplink, http over transfer} -> app, cli -> main
//! metrics, health, clock, config: see LAYERS
//! ```

use std::path::{Path, PathBuf};

/// What a module of the gateway may import of the gateway, besides itself. A module that is not here may import anything:
/// it puts the parts together (`app`, `cli`, `main`).
const LAYERS: [(&str, &[&str]); 22] = [
    ("domain", &[]),
    ("clock", &[]),
    ("health", &["domain"]),
    ("config", &["domain"]),
    ("city", &["config", "domain"]),
    ("keys", &["config", "domain"]),
    // The store counts what it does, and the page of the metrics shows what the store last said.
    ("store", &["domain", "metrics"]),
    ("metrics", &["domain", "health", "store::snapshot"]),
    // A backlog as a file: the API hands out its chunks and takes them, the command line reads and writes the file.
    ("transfer", &["domain", "store"]),
    ("intake", &["domain", "metrics", "store"]),
    ("downlink", &["clock", "domain", "metrics", "store"]),
    ("ownership", &[]),
    ("audit", &["clock", "ownership"]),
    // The registry's file is read and written here, and a device that enrols is told its password by way of the store.
    ("access", &["audit", "clock", "config", "domain", "ownership", "store"]),
    // The stall register in force, and what the platform sent of it on the disk.
    ("register", &["domain", "metrics", "ownership"]),
    // What devices sent last: the listener notes it, the API shows it.
    ("sightings", &["domain", "store"]),
    ("mqtt", &["access", "audit", "clock", "domain", "downlink", "intake", "metrics", "sightings", "store"]),
    // One connection to somebody else's broker: the uplink publishes there, `external` takes in from there.
    ("mqtt_client", &["domain"]),
    (
        "external",
        &["clock", "config", "domain", "downlink", "intake", "metrics", "mqtt_client", "sightings", "store"],
    ),
    ("uplink", &["clock", "config", "domain", "health", "metrics", "mqtt_client", "store"]),
    ("http", &["domain", "health", "metrics", "sightings", "store", "transfer"]),
    ("lib", &[]),
];

/// Outside crates that only these modules of the gateway may name.
const OWNED: [(&str, &[&str]); 15] = [
    ("rmqtt_codec", &["mqtt"]),
    ("rumqttc", &["mqtt_client"]),
    ("rumqttc_v4", &["mqtt_client"]),
    ("rustls_platform_verifier", &["mqtt_client"]),
    ("tokio_rustls", &["mqtt", "mqtt_client"]),
    ("tokio_tungstenite", &["mqtt"]),
    ("x509_parser", &["mqtt", "uplink"]),
    ("rusqlite", &["store"]),
    ("reqwest", &["config", "uplink"]), // the configuration has its type of URLs
    ("async_nats", &["uplink"]),
    ("axum", &["http"]),
    ("indicatif", &["cli"]),
    ("argon2", &["access"]),
    ("geo", &["domain"]),
    ("SystemTime", &["clock"]),
];

/// A source file: its place below `src`, and its code.
struct Source {
    path: String,
    code: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), code: code(text) }
    }

    /// The first level of its module path: `mqtt` for `mqtt/wire.rs` and `mqtt.rs`.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// All that it imports or names of its own crate, by path from the crate's root: `store::handle::Store`.
    fn crate_paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for (at, _) in self.code.match_indices("crate::") {
            if self.code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_') {
                continue; // $crate and names that end so
            }
            expand("", &self.code[at + "crate::".len()..], &mut paths);
        }
        paths
    }
}

/// The paths that a use tree at the beginning of `text` stands for: `a::{b, c::{d}}` is `a::b` and `a::c::d`.
fn expand<'a>(prefix: &str, text: &'a str, paths: &mut Vec<String>) -> &'a str {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let end = text.find(|letter| !is_path(letter)).unwrap_or(text.len());
    let (name, mut rest) = text.split_at(end);
    let path = format!("{prefix}{name}");
    if !rest.starts_with('{') {
        paths.push(path);
        return rest;
    }
    while let Some(inner) = rest.strip_prefix(['{', ',']) {
        let inner = inner.trim_start();
        rest = if inner.starts_with('}') { inner } else { expand(&path, inner, paths) };
        // `self`, `as name` and line breaks stand between an entry and what follows it.
        rest = &rest[rest.find([',', '}']).unwrap_or(rest.len())..];
    }
    rest.strip_prefix('}').unwrap_or(rest)
}

/// The code without comments and without tests, which may import what they like.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    code.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

/// Everything in these sources that breaks the order.
fn violations(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let module = source.module();
        if let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == module) {
            let reaches = |path: &String| {
                let below = |name: &str| {
                    path.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
                };
                !below(module) && !allowed.iter().any(|name| below(name))
            };
            let reached = source.crate_paths().into_iter().filter(reaches);
            found.extend(reached.map(|path| format!("{}: {module} imports {path}", source.path)));
        }
        for (name, owners) in OWNED {
            if !owners.contains(&module) && names(&source.code, name) {
                found.push(format!("{}: {name} belongs to {owners:?}", source.path));
            }
        }
    }
    found
}

/// Whether the code names a crate or type, as a whole word in front of `::` or in an import.
fn names(code: &str, name: &str) -> bool {
    let word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    code.match_indices(name).any(|(at, _)| {
        let (before, after) = (&code[..at], &code[at + name.len()..]);
        !word(before.chars().next_back())
            && !word(after.chars().next())
            && (after.starts_with("::") || before.ends_with("use ") || name == "SystemTime")
    })
}

/// All sources below a folder of the workspace.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
    let mut sources = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in
            std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !path.ends_with("tests.rs")
            {
                let text = std::fs::read_to_string(&path).expect("a source file");
                let place = path.strip_prefix(&root).expect("it is below the folder");
                sources.push(Source::new(&place.display().to_string(), &text));
            }
        }
    }
    sources
}

#[test]
fn each_layer_of_the_gateway_imports_only_what_is_below_it() {
    let sources = sources("gateway/src");
    for (layer, _) in LAYERS {
        assert!(sources.iter().any(|source| source.module() == layer), "there is no {layer} any more");
    }
    assert_eq!(violations(&sources), Vec::<String>::new());
}

#[test]
fn the_simulator_and_the_tests_know_the_gateway_by_its_wires_only() {
    for folder in [
        "simulator/src",
        "simulator/tests",
        "tests/src",
        "tests/tests",
        "tests/power-cut/src",
        "firmware-protocol/src",
    ] {
        for source in sources(folder) {
            assert!(!names(&source.code, concat!("patrol_", "gateway")), "{folder}/{}", source.path);
        }
    }
    for manifest in [
        include_str!("../../simulator/Cargo.toml"),
        include_str!("../Cargo.toml"),
        include_str!("../power-cut/Cargo.toml"),
    ] {
        assert!(!manifest.contains(concat!("patrol-", "gateway")), "{manifest}");
    }
}

#[test]
fn the_search_itself_finds_what_it_shall_find_and_nothing_else() {
    let told = |path: &str, text: &str| violations(&[Source::new(path, text)]).len();
    let broken = [
        ("domain/grid.rs", "use crate::store::handle::Store;"),
        ("domain.rs", "use crate::config::Config;"),
        ("domain/report.rs", "fn now() { crate::clock::unix_ms(); }"),
        ("store/rows.rs", "use crate::mqtt::listener::Listener;"),
        ("store/rows.rs", "use crate::{domain::report::Class, uplink::lane::Lane};"),
        ("mqtt/session.rs", "use crate::uplink::https::Platform;"),
        ("uplink/lane.rs", "use crate::{\n    clock,\n    http::{\n        View,\n    },\n};"),
        ("http/routes.rs", "use crate::mqtt::listener::Limits;"),
        ("transfer/import.rs", "use crate::http::View;"),
        ("store/scan.rs", "use crate::transfer::chunk::Chunk;"),
        ("metrics.rs", "use crate::store::handle::Store;"),
        ("mqtt/session.rs", "let now = std::time::SystemTime::now();"),
        ("uplink/lane.rs", "use std::time::{Duration, SystemTime};"),
        ("app.rs", "use rusqlite::Connection;"),
        ("uplink/lane.rs", "use rmqtt_codec::v5;"),
    ];
    for (path, text) in broken {
        assert_eq!(told(path, text), 1, "{path}: {text}");
    }
    let fine = [
        ("domain/grid.rs", "use crate::domain::report::Class;\nuse super::store;"),
        ("domain/grid.rs", "// use crate::store::handle::Store;\n/// like crate::store"),
        (
            "domain/grid.rs",
            "fn pure() {}\n#[cfg(test)]\nmod tests {\n    use crate::store::handle::Store;\n}",
        ),
        (
            "mqtt/session.rs",
            "use crate::{domain::report::{Class, DeviceId}, store::handle::{self, Item as Stored}};",
        ),
        ("metrics.rs", "use crate::store::snapshot::Snapshot;"),
        ("clock.rs", "use std::time::{SystemTime, UNIX_EPOCH};"),
        ("app.rs", "use crate::{mqtt::listener::Listener, uplink::lane::Lane, http};"),
        ("store/rows.rs", "use rusqlite::{Connection, params};\nlet geometry = 1;"),
        ("uplink/lane.rs", "let geo = 1; let geography = crate::domain::geography::load();"),
    ];
    for (path, text) in fine {
        assert_eq!(violations(&[Source::new(path, text)]), Vec::<String>::new(), "{path}: {text}");
    }
    let paths = Source::new("a.rs", "use crate::{a::{self, b as c}, d::{e, f::{g}}, h};").crate_paths();
    assert_eq!(paths, ["a::self", "a::b", "d::e", "d::f::g", "h"]);
}
