//! The gateway as a process: found beside this program, started on a temporary directory, killed at will.
//!
//! It is known only by its command line, its configuration file and the facts it prints when it is ready.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The program's file name.
const PROGRAM: &str = "patrol-gateway";
/// Time it has to say `ready`.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// Time it has to end after SIGKILL.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// Lines of its log shown when it does not start.
const LOG_TAIL_LINES: usize = 15;

/// Why the gateway is not there.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// The program is not beside this one.
    #[error(
        "找不到网关程序 there is no {PROGRAM} at {0}: build both with `cargo build --release`, or name it with --gateway-bin"
    )]
    Missing(PathBuf),
    /// A file or process could not be had.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// What the system said.
        source: io::Error,
    },
    /// It ended or stayed silent instead of saying that it is ready.
    #[error("网关未能启动 the gateway did not become ready ({reason}); the end of its log {log}:\n{tail}")]
    NotReady {
        /// What happened.
        reason: String,
        /// The log file.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },
}

impl GatewayError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> GatewayError {
        let what = what.into();
        move |source| GatewayError::Io { what, source }
    }
}

/// Finds the gateway program: as named, else beside this program's own file.
pub fn find_program(named: Option<&Path>) -> Result<PathBuf, GatewayError> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()
            .map_err(GatewayError::io("this program's own path"))?
            .with_file_name(PROGRAM),
    };
    if path.is_file() { Ok(path) } else { Err(GatewayError::Missing(path)) }
}

/// What a gateway is started with. Its data, configuration and log are in one directory.
#[derive(Debug, Clone)]
pub struct GatewaySetup {
    /// The program.
    pub program: PathBuf,
    /// Where everything of it is.
    pub dir: PathBuf,
    /// `127.0.0.1:0` lets it choose a port.
    pub mqtt_bind: SocketAddr,
    /// `127.0.0.1:0` lets it choose a port.
    pub http_bind: SocketAddr,
    /// The platform's URL; without one it only buffers.
    pub uplink_url: Option<String>,
    /// File of the devices' keys; without one no device has a key.
    pub device_keys: Option<PathBuf>,
    /// Further keys of `[listener]`, with their values as TOML.
    pub listener: Vec<(&'static str, String)>,
    /// Entries such as `[[mapping]]`, as TOML: what can't be given as variables.
    pub entries: String,
}

impl GatewaySetup {
    /// A gateway in `dir` on ports of its choice, without an uplink.
    pub fn new(program: &Path, dir: &Path) -> GatewaySetup {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        GatewaySetup {
            program: program.to_owned(),
            dir: dir.to_owned(),
            mqtt_bind: any,
            http_bind: any,
            uplink_url: None,
            device_keys: None,
            listener: Vec::new(),
            entries: String::new(),
        }
    }

    /// Lifts the limits on what is read of one client: for measuring what the machine can do.
    pub fn without_rates(&mut self) {
        self.listener.push(("max_messages_per_s", "0".to_owned()));
        self.listener.push(("max_bytes_per_s", "\"0B\"".to_owned()));
    }

    fn log(&self) -> PathBuf {
        self.dir.join("gateway.log")
    }

    /// Quoted as TOML basic strings; paths with control characters are not supported.
    fn config(&self) -> String {
        let mut config = format!(
            "[gateway]\nid = \"box-demo\"\nkind = \"vehicle\"\ndata_dir = {}\n\n\
             [listener]\nbind = \"{}\"\n{}\n[http]\nbind = \"{}\"\n",
            quoted(&self.dir.join("data").to_string_lossy()),
            self.mqtt_bind,
            self.listener.iter().map(|(key, value)| format!("{key} = {value}\n")).collect::<String>(),
            self.http_bind,
        );
        if let Some(keys) = &self.device_keys {
            config.push_str(&format!("\n[devices]\nkeys = {}\n", quoted(&keys.to_string_lossy())));
        }
        if let Some(url) = &self.uplink_url {
            config.push_str(&format!(
                "\n[uplink]\nkind = \"https\"\nurl = {}\ncompression = \"zstd\"\n",
                quoted(url)
            ));
        }
        // One gateway alone is no herd: its backlog need not wait for its turn.
        config.push_str("\n[link]\ndrain_jitter = \"0s\"\n");
        config.push_str(&self.entries);
        config
    }

    /// Starts it and waits until it takes devices. The ports it chose are kept for the next start.
    pub async fn start(&mut self) -> Result<GatewayProcess, GatewayError> {
        let config = self.dir.join("patrol-gateway.toml");
        std::fs::write(&config, self.config())
            .map_err(GatewayError::io(format!("writing {}", config.display())))?;
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log());
        let log = log.map_err(GatewayError::io(format!("opening {}", self.log().display())))?;
        let mut child = Command::new(&self.program)
            .args(["run", "--config"])
            .arg(&config)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C on the terminal is for this program, which then kills the gateway itself.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(GatewayError::io(format!("starting {}", self.program.display())))?;
        let facts = self.facts(&mut child).await?;
        let not_said = |name: &str| self.not_ready(format!("it printed no usable `{name}`"));
        let mqtt = facts.get("mqtt").and_then(|value| value.parse().ok()).ok_or_else(|| not_said("mqtt"))?;
        let http_url = facts.get("http").cloned().ok_or_else(|| not_said("http"))?;
        let http = http_url.trim_start_matches("http://").trim_end_matches('/').parse();
        (self.mqtt_bind, self.http_bind) = (mqtt, http.map_err(|_| not_said("http"))?);
        Ok(GatewayProcess { child, mqtt, http_url, facts })
    }

    async fn facts(&self, child: &mut Child) -> Result<HashMap<String, String>, GatewayError> {
        let stdout = child.stdout.take().ok_or_else(|| self.not_ready("it has no stdout".to_owned()))?;
        let mut lines = BufReader::new(stdout).lines();
        let read = tokio::time::timeout(READY_WITHIN, read_facts(&mut lines)).await;
        let facts = match read {
            Ok(Ok(Some(facts))) => facts,
            Ok(Ok(None)) => return Err(self.not_ready(format!("it ended: {}", ended(child).await))),
            Ok(Err(error)) => return Err(self.not_ready(error.to_string())),
            Err(_) => return Err(self.not_ready(format!("silent for {} s", READY_WITHIN.as_secs()))),
        };
        // Whatever else it prints is read and dropped, so that it never meets a closed or a full pipe.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(facts)
    }

    fn not_ready(&self, reason: String) -> GatewayError {
        let log = self.log();
        let text = std::fs::read(&log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n");
        GatewayError::NotReady { reason, log, tail }
    }
}

/// The facts up to `ready`: a name, two or more spaces, a value. `None` when the output ends before.
async fn read_facts(
    lines: &mut Lines<BufReader<ChildStdout>>,
) -> io::Result<Option<HashMap<String, String>>> {
    let mut facts = HashMap::new();
    while let Some(line) = lines.next_line().await? {
        if line.trim() == "ready" {
            return Ok(Some(facts));
        }
        if let Some((name, value)) = line.split_once("  ") {
            facts.insert(name.trim().to_owned(), value.trim().to_owned());
        }
    }
    Ok(None)
}

/// A text as a TOML basic string.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

async fn ended(child: &mut Child) -> String {
    match tokio::time::timeout(GONE_WITHIN, child.wait()).await {
        Ok(Ok(status)) => status.to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "its output closed, yet it runs".to_owned(),
    }
}

/// A running gateway; killed when dropped.
#[derive(Debug)]
pub struct GatewayProcess {
    child: Child,
    /// Where devices connect.
    pub mqtt: SocketAddr,
    /// Its local HTTP interface, for instance `http://127.0.0.1:8080`.
    pub http_url: String,
    facts: HashMap<String, String>,
}

impl GatewayProcess {
    /// What it said under this name when it was ready: `mqtts`, `ws`, `wss` are where it listens too.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).map(String::as_str)
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// SIGKILL, and wait until it is gone.
    pub async fn kill(mut self) -> Result<(), GatewayError> {
        self.child.kill().await.map_err(GatewayError::io("killing the gateway"))
    }

    /// Whether it has ended by itself, and how.
    pub fn has_ended(&mut self) -> Option<String> {
        self.child.try_wait().ok().flatten().map(|status| status.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn program(dir: &Path, script: &str) -> PathBuf {
        let path = dir.join("fake-gateway");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn the_ports_it_chose_are_read_and_kept_for_the_next_start() {
        let dir = tempfile::tempdir().unwrap();
        let script = "echo 'patrol-gateway 0.1.0'; echo 'mqtt     127.0.0.1:1999'\n\
                      echo 'http     http://127.0.0.1:8099'; echo ready; exec sleep 60";
        let mut setup = GatewaySetup::new(&program(dir.path(), script), dir.path());
        let gateway = setup.start().await.unwrap();
        assert_eq!(gateway.mqtt, "127.0.0.1:1999".parse().unwrap());
        assert_eq!(gateway.http_url, "http://127.0.0.1:8099");
        gateway.kill().await.unwrap();
        assert!(setup.config().contains("bind = \"127.0.0.1:1999\""), "{}", setup.config());
    }

    #[tokio::test]
    async fn a_gateway_that_does_not_start_shows_the_end_of_its_log() {
        let dir = tempfile::tempdir().unwrap();
        let path = program(dir.path(), "echo 'the disk is full' >&2; exit 3");
        let error = GatewaySetup::new(&path, dir.path()).start().await.unwrap_err().to_string();
        assert!(error.contains("the disk is full") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = find_program(Some(Path::new("/nowhere/patrol-gateway"))).unwrap_err().to_string();
        assert!(error.contains("/nowhere/patrol-gateway") && error.contains("cargo build"), "{error}");
    }
}
