//! Reading the configuration: what an operator writes, and what is said about mistakes.

#![allow(clippy::unwrap_used, reason = "a test")]

use std::path::PathBuf;
use std::time::Duration;

use patrol_gateway::config::{
    ClientCertificate, Compression, Config, ConfigError, GatewayKind, Https, Mqtt, MqttVersion, Nats,
    Problem, Uplink, Way,
};
use patrol_gateway::domain::report::Class;
use proptest::prelude::*;

const NO_VARIABLES: [(String, String); 0] = [];

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::from_toml(text, "p.toml", NO_VARIABLES)
}

fn read_with(text: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::from_toml(text, "p.toml", variables)
}

/// The problems, each as the operator reads it.
fn told(result: Result<Config, ConfigError>) -> Vec<String> {
    match result {
        Err(ConfigError::Refused { problems }) => problems.iter().map(Problem::to_string).collect(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn no_file_is_a_configuration() {
    let config = read("").unwrap();
    assert_eq!(config, Config::default());
    assert_eq!(config.gateway.id, "gateway");
    assert_eq!(config.gateway.data_dir, PathBuf::from("./patrol-data"));
    assert_eq!(config.listener.bind.to_string(), "127.0.0.1:1883");
    assert_eq!(config.http.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.max_bytes, 2 << 30);
    assert_eq!(config.uplinks, []);
}

#[test]
fn the_minimal_file_of_the_documentation_reads_as_meant() {
    let config = read(
        r#"
        [gateway]
        id = "box-017"
        kind = "community"
        data_dir = "/var/lib/patrol-gateway"
        site = { lon = 104.398, lat = 31 }
        [listener]
        bind = "127.0.0.1:1884"
        [uplink]
        kind = "https"
        url = "https://cases.example.city/ingest"
        compression = "gzip"
        timeout = "2500ms"
        batch_bytes = 65536
        [geography]
        grids = "duty-grids.geojson"
        "#,
    )
    .unwrap();
    let site = config.gateway.site.unwrap();
    assert_eq!((config.gateway.kind, site.lon_deg, site.lat_deg), (GatewayKind::Community, 104.398, 31.0));
    assert_eq!(config.geography.grids, Some("duty-grids.geojson".into()));
    let [uplink] = <[Uplink; 1]>::try_from(config.uplinks).unwrap();
    assert_eq!(
        uplink,
        Uplink {
            way: Way::Https(Https { compression: Compression::Gzip, compact: true }),
            timeout: Duration::from_millis(2500),
            batch_bytes: 65_536,
            ..Uplink::to("https://cases.example.city/ingest".parse().unwrap())
        }
    );
}

#[test]
fn an_unknown_name_is_refused_with_its_place_and_the_nearest_known_one() {
    let cases = [
        (
            "[gateway]\nid = \"a\"\n  knid = \"vehicle\"",
            "p.toml:3:3: unknown gateway.knid; the nearest known name is kind",
        ),
        ("\n[uplnk]\n", "p.toml:2:2: unknown uplnk; the nearest known name is [uplink]"),
        ("gateway.idd = \"a\"", "p.toml:1:9: unknown gateway.idd; the nearest known name is id"),
        (
            "uplink = { \"地\" = 1, ulr = \"x\" }",
            "p.toml:1:12: unknown uplink.地; the nearest known name is url",
        ),
        ("max_bytes = \"1GiB\"", "p.toml:1:1: unknown max_bytes; the nearest known name is store.max_bytes"),
        (
            "[gateway]\nbind = \"x\"",
            "p.toml:2:1: unknown gateway.bind; the nearest known name is listener.bind",
        ),
        ("[store.quota]\nx = 1", "p.toml:1:8: unknown store.quota; the nearest known name is max_bytes"),
    ];
    for (text, expected) in cases {
        assert_eq!(told(read(text)).first().map(String::as_str), Some(expected), "{text}");
    }
    // Columns count characters, not bytes.
    let both = told(read("uplink = { \"地\" = 1, ulr = \"x\" }"));
    assert_eq!(both[1], "p.toml:1:21: unknown uplink.ulr; the nearest known name is url");
}

/// Every key with a value that it does not take: key, value, words that the message must have.
const BAD_VALUES: &[(&str, &str, &str)] = &[
    ("gateway.id", "\"Box 17\"", "1 to 32 of a-z"),
    ("gateway.id", "17", "1 to 32 of a-z"),
    ("gateway.id", "\"-a\"", "1 to 32 of a-z"),
    ("gateway.kind", "\"boat\"", "one of \"vehicle\", \"community\""),
    ("gateway.data_dir", "\"\"", "a path"),
    ("gateway.site", "{ lon = 181.0, lat = 0.0 }", "lon = -180..180"),
    ("gateway.site", "{ lon = 1.0, lat = 0.0, alt = 1 }", "lon = -180..180"),
    ("gateway.site", "{ lon = nan, lat = 0.0 }", "lon = -180..180"),
    ("listener.bind", "\"localhost\"", "an address and port"),
    ("listener.bind", "\"0.0.0.0\"", "an address and port"),
    ("listener.wss_bind", "8084", "an address and port"),
    ("listener.tls_certificate", "\"\"", "a path"),
    ("listener.tls_key", "true", "a path"),
    ("listener.tls_client_ca", "[]", "a path"),
    ("listener.ws_origins", "\"https://desk.example.city\"", "origins of web pages"),
    ("listener.ws_origins", "[\"desk.example.city\"]", "origins of web pages"),
    ("listener.ws_origins", "[\"https://desk.example.city/map\"]", "origins of web pages"),
    ("listener.ws_origins", "[7]", "origins of web pages"),
    ("listener.max_connections", "0", "a whole number from 1 to 65535"),
    ("listener.max_connections", "\"many\"", "a whole number from 1 to 65535"),
    ("listener.max_unauthenticated", "0", "a whole number from 1 to 4096"),
    ("listener.max_messages_per_s", "-1", "a whole number from 0 to 1000000"),
    ("listener.max_bytes_per_s", "\"2TiB\"", "a size from \"0B\" to \"1TiB\""),
    ("listener.max_packet_bytes", "\"256kb\"", "a size from \"1KiB\" to \"16MiB\""),
    ("listener.max_packet_bytes", "-1", "a size from \"1KiB\" to \"16MiB\""),
    ("listener.max_in_flight", "65536", "a whole number from 1 to 65535"),
    ("listener.tls_bind", "\"localhost\"", "an address and port"),
    ("listener.ws_bind", "\"8083\"", "an address and port"),
    ("listener.max_topic_bytes", "63", "a whole number from 64 to 65535"),
    ("listener.max_topic_levels", "4", "a whole number from 5 to 256"),
    ("listener.max_topic_aliases", "1001", "a whole number from 0 to 1000"),
    ("listener.max_sessions", "0", "a whole number from 1 to 100000"),
    ("listener.max_session_expiry", "\"2161h\"", "a duration from \"1m\" to \"2160h\""),
    ("listener.max_queued", "0", "a whole number from 1 to 100000"),
    ("listener.max_subscriptions", "0", "a whole number from 1 to 10000"),
    ("listener.connect_timeout", "10", "a duration from \"1s\" to \"1m\""),
    ("listener.connect_timeout", "\"10 s\"", "a duration from \"1s\" to \"1m\""),
    ("broker.url", "\"ftp://a.example\"", "an https://, mqtts:// or tls:// URL"),
    ("broker.mqtt_version", "\"4\"", "one of \"5\", \"3.1.1\""),
    ("broker.client_id", "\"a b\"", "visible ASCII"),
    ("broker.username", "1", "visible ASCII"),
    ("broker.password_file", "1", "a path"),
    ("broker.ca_file", "1", "a path"),
    ("broker.topics", "[\"a/#/b\"]", "topic filters"),
    ("broker.topics", "[]", "topic filters"),
    ("broker.allow_plain", "1", "true or false"),
    ("devices.keys", "\"\"", "a path"),
    ("devices.unlisted", "\"ignore\"", "one of \"accept\", \"refuse\""),
    ("devices.registry", "\"\"", "a path"),
    ("http.bind", "\"192.168.1.1:80\"", "beyond loopback readers need credentials"),
    ("geography.grids", "true", "a path"),
    ("geography.codes", "[]", "a path"),
    ("geography.unit_grids", "1", "a path"),
    ("geography.rules", "1", "a path"),
    ("geography.places", "1", "a path"),
    ("geography.stalls", "1", "a path"),
    ("geography.points", "1", "a path"),
    ("geography.camera_events", "1", "a path"),
    ("geography.central_meridian_deg", "31.0", "a central meridian in China, 73..136 degrees"),
    ("geography.central_meridian_deg", "\"105\"", "a central meridian in China, 73..136 degrees"),
    ("geography.local_system", "{ dx_m = 1, dy_m = 2 }", "all of them"),
    ("geography.local_system", "[]", "dx_m = -10000000..10000000"),
    ("store.max_bytes", "\"15MiB\"", "a size from \"16MiB\""),
    ("store.incident_reserve", "\"99999999TiB\"", "a size from \"1MiB\""),
    ("store.task_reserve", "\"-1B\"", "a size from \"0B\""),
    ("store.evidence_reserve", "\"-1B\"", "a size from \"0B\""),
    ("store.status_reserve", "\"-1B\"", "a size from \"0B\""),
    ("store.reading_reserve", "\"-1B\"", "a size from \"0B\""),
    ("store.telemetry_reserve", "\"-1B\"", "a size from \"0B\""),
    ("store.status_max_bytes", "\"1KiB\"", "a size from \"1MiB\""),
    ("store.reading_max_bytes", "\"1KiB\"", "a size from \"1MiB\""),
    ("store.telemetry_max_bytes", "\"1KiB\"", "a size from \"1MiB\""),
    ("store.status_when_full", "\"thin\"", "one of \"drop_oldest\", \"withhold\""),
    ("store.reading_when_full", "\"thin\"", "one of \"drop_oldest\", \"withhold\""),
    ("store.telemetry_when_full", "\"drop\"", "one of \"thin\", \"drop_oldest\", \"withhold\""),
    ("store.incident_linger", "\"1h\"", "to \"20ms\""),
    ("store.task_linger", "\"1h\"", "to \"100ms\""),
    ("store.evidence_linger", "\"1h\"", "to \"100ms\""),
    ("store.status_linger", "\"1h\"", "to \"2s\""),
    ("store.reading_linger", "\"1h\"", "to \"5s\""),
    ("store.telemetry_linger", "\"1h\"", "to \"5s\""),
    ("store.reading_durability", "\"none\"", "one of \"synced\", \"delayed\""),
    ("store.telemetry_durability", "\"none\"", "one of \"synced\", \"delayed\""),
    ("store.sync_within", "\"1m\"", "a duration from \"100ms\""),
    ("store.flash_budget_per_day", "\"1KiB\"", "a size from \"1MiB\""),
    ("store.evidence_max_bytes", "\"half\"", "a size from \"0B\" to \"1TiB\""),
    ("store.keep_accepted", "-1", "a whole number from 0"),
    ("store.keep_quarantined", "1.5", "a whole number from 0"),
    ("store.keep_journal", "-1", "a whole number from 0"),
    ("uplink.kind", "\"amqp\"", "one of \"none\", \"https\", \"mqtt\", \"nats\", \"open311\", \"city\""),
    ("uplink.name", "\"the desk\"", "1 to 32"),
    ("uplink.url", "\"ftp://a.example\"", "an https://, mqtts:// or tls:// URL"),
    ("uplink.url", "\"cases.example.city\"", "an https://, mqtts:// or tls:// URL"),
    ("uplink.classes", "[\"incidents\"]", "a list of \"incident\""),
    ("uplink.classes", "[\"task\", \"task\"]", "a list of \"incident\""),
    ("uplink.required", "1", "true or false"),
    ("uplink.compact", "1", "true or false"),
    ("uplink.in_flight", "5", "a whole number from 1 to 4"),
    ("uplink.client_certificate", "1", "a path"),
    ("uplink.client_key", "1", "a path"),
    ("uplink.mqtt_version", "5", "one of \"5\", \"3.1.1\""),
    ("uplink.client_id", "\"a b\"", "1 to 128 visible"),
    ("uplink.username", "\"\"", "1 to 128 visible"),
    ("uplink.receipts", "1", "true or false"),
    ("uplink.servers", "[\"b.example\"]", "URLs of servers"),
    ("uplink.jurisdiction", "1", "1 to 128 visible"),
    ("uplink.services", "1", "a path"),
    ("uplink.compression", "\"bz2\"", "one of \"zstd\", \"gzip\", \"none\""),
    ("uplink.timeout", "\"0s\"", "a duration from \"100ms\""),
    ("uplink.batch_events", "5001", "a whole number from 1 to 5000"),
    ("uplink.batch_bytes", "\"17MiB\"", "a size from \"1KiB\" to \"16MiB\""),
    ("uplink.retry_min", "\"1h\"", "a duration from \"10ms\" to \"1m\""),
    ("uplink.retry_max", "\"2h\"", "a duration from \"10ms\" to \"1h\""),
    ("http.token_file", "1", "a path"),
    ("uplink.token_file", "1", "a path"),
    ("uplink.ca_file", "1", "a path"),
    ("uplink.allow_plain_http", "\"yes\"", "true or false"),
    ("link.metered", "\"sometimes\"", "true or false"),
    ("link.state_file", "1", "a path"),
    ("link.budget_per_day", "\"1KiB\"", "a size from \"64KiB\""),
    ("link.metered_budget_per_day", "\"lots\"", "a size from \"64KiB\""),
    ("link.live_percent", "100", "a whole number from 1 to 99"),
    ("link.live_window", "\"0s\"", "a duration from \"1s\""),
    ("link.newest_first", "[\"incident\"]", "a list of \"status\", \"reading\", \"telemetry\""),
    ("link.unmetered_only", "[\"task\"]", "a list of \"status\", \"reading\", \"telemetry\""),
    ("link.depot_only", "[\"evidence\"]", "a list of \"status\", \"reading\", \"telemetry\""),
    ("link.drain_jitter", "\"2h\"", "to \"1h\""),
    ("log.filter", "\"info,patrol=loud\"", "a log filter"),
    ("log.filter", "\"\"", "a log filter"),
];

#[test]
fn every_bad_value_is_named_with_its_place_what_was_expected_and_what_was_found() {
    for (key, value, expected) in BAD_VALUES {
        let problems = told(read(&format!("\n{key} = {value}")));
        let [problem] = problems.as_slice() else { panic!("{key} = {value}: {problems:?}") };
        let column = key.len() + 4;
        assert!(problem.starts_with(&format!("p.toml:2:{column}: {key}: expected ")), "{problem}");
        assert!(problem.contains(expected), "{problem}");
        assert!(problem.ends_with(&format!("; found {value}")), "{problem}");
    }
}

#[test]
fn every_key_has_a_bad_value_in_the_table() {
    let schema = Config::schema();
    let sections = schema["properties"].as_object().unwrap().iter();
    // A section that may stand several times says first what it is when it stands once.
    let sections = sections.map(|(name, section)| (name, section["anyOf"].get(0).unwrap_or(section)));
    for (section, keys) in sections.filter(|(_, section)| section["type"] == "object") {
        for key in keys["properties"].as_object().unwrap().keys() {
            let name = format!("{section}.{key}");
            assert!(BAD_VALUES.iter().any(|(tested, ..)| **tested == name), "{name}");
        }
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text =
        "[listener]\nbind = \"0.0.0.0\"\nmax_in_flight = 0\ncolour = 1\n\n[stroe]\n[log]\nfilter = 3\n";
    let variables = [("PATROL_GATEWAY__STORE__MAX_BYTES", "big"), ("PATROL_GATEWAY__HTTP__PORT", "1")];
    let problems = told(read_with(text, &variables));
    let places: Vec<&str> = problems.iter().filter_map(|problem| problem.split(": ").next()).collect();
    assert_eq!(
        places,
        [
            "p.toml:2:8",
            "p.toml:3:17",
            "p.toml:4:1",
            "p.toml:6:2",
            "p.toml:8:10",
            "PATROL_GATEWAY__HTTP__PORT",
            "PATROL_GATEWAY__STORE__MAX_BYTES"
        ],
        "{problems:#?}"
    );
}

#[test]
fn what_is_not_toml_is_told_with_its_place() {
    let problems = told(read("[gateway]\nid = box\n"));
    assert!(problems[0].starts_with("p.toml:2:6: not TOML: "), "{problems:?}");
    let problems = told(read("[gateway]\nid = \"a\"\nid = \"b\"\n"));
    assert!(problems[0].starts_with("p.toml:3:1: not TOML: "), "{problems:?}");
    assert_eq!(told(read("gateway = 1")), ["p.toml:1:11: gateway: expected a section [gateway]; found 1"]);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = Config::load(Some("/nowhere/p.toml".as_ref()), NO_VARIABLES).unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/p.toml: "), "{error}");
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let https = |more: &str| format!("[uplink]\nkind = \"https\"\nurl = \"https://a.example\"\n{more}");
    let cases = [
        ("[uplink]\nkind = \"https\"".to_owned(), "p.toml:2:8: uplink.url: expected the platform's URL"),
        ("[uplink]\nurl = \"https://a.example\"".to_owned(), "p.toml:2:7: uplink.kind: expected \"https\""),
        (
            https("retry_min = \"50s\"\nretry_max = \"20s\""),
            "p.toml:4:13: uplink.retry_min: expected at most",
        ),
        (https("retry_max = \"20ms\""), "p.toml:4:13: uplink.retry_min: expected at most"),
        (
            "[listener]\ntls_bind = \"127.0.0.1:8883\"\ntls_key = \"key.pem\"".to_owned(),
            "p.toml:2:12: listener.tls_bind: expected no address, as listener.tls_certificate and",
        ),
        (
            "[listener]\nwss_bind = \"127.0.0.1:8084\"".to_owned(),
            "p.toml:2:12: listener.wss_bind: expected no address",
        ),
        (
            "[listener]\ntls_client_ca = \"ca.pem\"".to_owned(),
            "p.toml:2:17: listener.tls_client_ca: expected no file, as neither",
        ),
        (
            "[devices]\nunlisted = \"refuse\"".to_owned(),
            "p.toml:2:12: devices.unlisted: expected \"accept\", as devices.keys names no file",
        ),
        (
            "[link]\nunmetered_only = [\"reading\"]\ndepot_only = [\"reading\"]".to_owned(),
            "p.toml:3:14: link.depot_only: expected classes that link.unmetered_only does not name",
        ),
        (
            "[store]\nmax_bytes = \"32MiB\"\nincident_reserve = \"17MiB\"".to_owned(),
            "p.toml:3:20: store.incident_reserve",
        ),
        (
            https("receipts = true"),
            "p.toml:4:12: uplink.receipts: expected nothing, as it is for uplink.kind \"mqtt\"",
        ),
        (https("client_key = \"a.key\""), "p.toml:4:14: uplink.client_key: expected client_certificate and"),
        (
            "[uplink]\nkind = \"mqtt\"\nurl = \"https://a.example\"".to_owned(),
            "p.toml:3:7: uplink.url: expected a URL that begins with mqtts:// or mqtt://",
        ),
        (
            "[uplink]\nkind = \"open311\"\nurl = \"https://a.example\"\nclasses = [\"task\"]".to_owned(),
            "p.toml:4:11: uplink.classes: expected [\"incident\"]",
        ),
        (
            "[uplink]\nkind = \"https\"\nurl = \"http://a.example\"".to_owned(),
            "p.toml:3:7: uplink.url: expected an https:// URL (http:// leads only to loopback",
        ),
    ];
    for (text, expected) in cases {
        let problems = told(read(&text));
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{text}\n{problems:?}");
    }
}

#[test]
fn uplinks_stand_side_by_side_and_each_is_checked_alone() {
    let two = |more: &str| {
        "[[uplink]]\nkind = \"https\"\nurl = \"https://a.example\"\n[[uplink]]\n".to_owned() + more
    };
    let config = read(&two("kind = \"nats\"\nurl = \"tls://b.example\"\nclasses = [\"telemetry\"]")).unwrap();
    let names: Vec<&str> = config.uplinks.iter().map(|uplink| uplink.name.as_str()).collect();
    assert_eq!(names, ["https", "nats"]);
    assert_eq!(config.uplinks[1].classes, [Class::Telemetry]);
    let cases = [
        (
            "kind = \"nats\"\nurl = \"https://b.example\"",
            "p.toml:6:7: uplink[2].url: expected a URL that begins",
        ),
        (
            "kind = \"https\"\nurl = \"https://b.example\"",
            "p.toml:5:8: uplink[2].name: expected a name that no",
        ),
        ("kind = \"https\"\nname = \"b\"", "p.toml:5:8: uplink[2].url: expected the platform's URL"),
        ("kind = \"none\"", "p.toml:5:8: uplink[2].kind: expected what the platform speaks"),
        ("kin = \"none\"", "p.toml:5:1: unknown uplink.kin; the nearest known name is kind"),
    ];
    for (text, expected) in cases {
        let problems = told(read(&two(text)));
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{text}\n{problems:?}");
    }
    let variables = [("PATROL_GATEWAY__UPLINK__URL", "https://c.example")];
    let config = read_with(&two("kind = \"nats\"\nurl = \"tls://b.example\""), &variables).unwrap();
    let hosts: Vec<_> = config.uplinks.iter().map(|uplink| uplink.url.host_str().unwrap()).collect();
    assert_eq!(hosts, ["c.example", "b.example"], "a variable is the first one's");
}

#[test]
fn plain_http_goes_to_loopback_or_where_it_is_allowed_by_name() {
    let url = |url: &str, more: &str| read(&format!("[uplink]\nkind = \"https\"\nurl = \"{url}\"\n{more}"));
    for loopback in ["http://127.0.0.1:9000", "http://localhost:9000/in", "http://[::1]:9000"] {
        assert!(url(loopback, "").is_ok(), "{loopback}");
    }
    for beyond in ["http://10.0.0.1", "http://localhost.example", "http://127.0.0.1.example", "http://[::2]"]
    {
        assert!(url(beyond, "").is_err(), "{beyond}");
        assert!(url(beyond, "allow_plain_http = true").is_ok(), "{beyond}");
    }
}

#[test]
fn a_password_in_a_url_is_refused_and_never_repeated() {
    for url in ["https://gw:hunter2@a.example", "https://a.example/?token=hunter2", "http://hunter2@a b"] {
        let problems = told(read(&format!("[uplink]\nkind = \"https\"\nurl = \"{url}\"")));
        assert!(problems[0].contains("token_file") && !problems[0].contains("hunter2"), "{problems:?}");
    }
}

#[test]
fn a_small_quota_takes_its_default_reserve_along() {
    let store = read("[store]\nmax_bytes = \"64MiB\"").unwrap().store;
    assert_eq!((store.max_bytes, store.policies[Class::Incident].reserve_bytes), (64 << 20, 31 << 20));
    assert_eq!(store.evidence_max_bytes, 32 << 20);
}

#[test]
fn a_variable_overrides_the_file_and_is_checked_like_it() {
    let text = "[listener]\nbind = \"127.0.0.1:1\"\n[uplink]\nkind = \"none\"";
    let config = read_with(
        text,
        &[
            ("PATROL_GATEWAY__LISTENER__BIND", "127.0.0.1:0"),
            ("PATROL_GATEWAY__LISTENER__MAX_IN_FLIGHT", "20"),
            ("PATROL_GATEWAY__LISTENER__MAX_PACKET_BYTES", "4096"),
            ("PATROL_GATEWAY__GATEWAY__SITE", "{ lon = 104.5, lat = 31 }"),
            ("PATROL_GATEWAY__UPLINK__KIND", "https"),
            ("PATROL_GATEWAY__UPLINK__URL", "http://127.0.0.1:9000"),
            ("PATROL_GATEWAY__UPLINK__ALLOW_PLAIN_HTTP", "true"),
            ("PATROL_GATEWAY_HOME", "no override of ours"),
            ("HOME", "/root"),
        ],
    )
    .unwrap();
    assert_eq!(config.listener.bind.port(), 0);
    assert_eq!((config.listener.max_in_flight, config.listener.max_packet_bytes), (20, 4096));
    assert_eq!(config.gateway.site.unwrap().lon_deg, 104.5);
    assert!(config.uplinks[0].allow_plain);

    let bad = told(read_with("", &[("PATROL_GATEWAY__LISTENER__MAX_IN_FLIGHT", "lots")]));
    assert_eq!(
        bad,
        [
            "PATROL_GATEWAY__LISTENER__MAX_IN_FLIGHT: listener.max_in_flight: expected a whole number from 1 to 65535; \
          found \"lots\""
        ]
    );
    let unknown = told(read_with("", &[("PATROL_GATEWAY__UPLINK__ULR", "x")]));
    let expected = "PATROL_GATEWAY__UPLINK__ULR: unknown variable; the nearest known name is PATROL_GATEWAY__UPLINK__URL";
    assert_eq!(unknown, [expected]);
    // A bad value in the file is told even when a variable covers it.
    assert_eq!(told(read_with("log.filter = 1", &[("PATROL_GATEWAY__LOG__FILTER", "warn")])).len(), 1);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_with_places(text in "(\\[[a-z]{1,8}\\]\n|[a-z_]{1,9} = [\"0-9a-zK.]{1,6}\n|\\PC{0,12}\n){0,8}") {
        if let Err(ConfigError::Refused { problems }) = read(&text) {
            prop_assert!(!problems.is_empty());
            for problem in problems {
                prop_assert!(problem.to_string().starts_with("p.toml:"), "{}", problem);
            }
        }
    }

    #[test]
    fn what_is_shown_reads_back_the_same(
        connections in 1..65_536usize, seconds in 1..60u64, max in 128u64..4096, events in 1..5000usize,
        lon in -180.0..180.0f64, lat in -90.0..90.0f64, plain in any::<bool>(), uplinks in 0..4usize,
    ) {
        let mut config = Config::default();
        config.listener.max_connections = connections;
        config.listener.connect_timeout = Duration::from_secs(seconds);
        if plain {
            config.listener.wss_bind = Some("127.0.0.1:8084".parse().unwrap());
            config.listener.tls_certificate = Some("/etc/a.pem".into());
            config.listener.tls_key = Some("/etc/a.key".into());
            config.listener.ws_origins = vec!["https://desk.example.city".into(), "http://10.0.0.7:81".into()];
        }
        config.store.max_bytes = max << 20;
        config.store.evidence_max_bytes = max << 19;
        config.store.policies[Class::Incident].reserve_bytes = max << 18;
        config.gateway.site = Some(patrol_gateway::config::Site { lon_deg: lon, lat_deg: lat });
        let https = Uplink {
            batch_events: events,
            allow_plain: plain,
            token_file: Some("/run/token \"1\"".into()),
            ..Uplink::to("https://cases.example.city/ingest".parse().unwrap())
        };
        let servers = vec!["tls://b.example:4222".parse().unwrap()];
        let nats = Uplink {
            name: "stream".into(),
            way: Way::Nats(Nats { servers, username: Some("box".into()) }),
            url: "nats://127.0.0.1:4222".parse().unwrap(),
            classes: vec![Class::Incident, Class::Telemetry],
            required: plain,
            ..https.clone()
        };
        let mqtt = Mqtt { version: MqttVersion::V3, client_id: None, username: None, receipts: plain };
        let mqtt = Uplink {
            name: "desk".into(),
            way: Way::Mqtt(mqtt),
            url: "mqtts://a.example".parse().unwrap(),
            client: Some(ClientCertificate { certificate: "/a.pem".into(), key: "/a.key".into() }),
            ..https.clone()
        };
        config.uplinks = [https, nats, mqtt].into_iter().take(uplinks).collect();
        prop_assert_eq!(read(&config.to_toml()).unwrap(), config);
    }
}
