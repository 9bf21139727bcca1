//! The gateway as a process under test: planned, started, asked, signalled, started again.

use std::path::{Path, PathBuf};
use std::time::Duration;

use patrol_simulator::gateway::{GatewayError, GatewayProcess, GatewaySetup};
use patrol_simulator::local_http;
use rustix::process::{Pid, Signal};
use serde_json::Value;
use tokio::time::Instant;

use crate::strace::Strace;
use crate::wait::wait_until;

/// Starts what a test wants to put between itself and the gateway; see there.
const LAUNCHER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/launch.sh");
/// Lines of its log shown when a test fails.
const LOG_TAIL_LINES: usize = 30;

/// What a gateway is to be started with.
#[derive(Debug, Clone)]
pub struct GatewayPlan {
    setup: GatewaySetup,
    /// Configuration keys beyond the set-up's, as environment variables.
    variables: Vec<(String, String)>,
    strace: Option<Strace>,
    /// A program and its arguments that start the gateway in its own place.
    under: Vec<String>,
}

impl GatewayPlan {
    pub(crate) fn new(setup: GatewaySetup) -> GatewayPlan {
        GatewayPlan { setup, variables: Vec::new(), strace: None, under: Vec::new() }
    }

    /// Where configuration, log and data are.
    pub fn dir(&self) -> &Path {
        &self.setup.dir
    }

    /// Sends to this platform.
    #[must_use]
    pub fn uplink(mut self, url: &str) -> GatewayPlan {
        self.setup.uplink_url = Some(url.to_owned());
        self
    }

    /// Sets a key of the configuration: `set("store.max_bytes", "16MiB")`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> GatewayPlan {
        let name = format!("PATROL_GATEWAY__{}", key.replace('.', "__").to_uppercase());
        self.variables.push((name, value.to_owned()));
        self
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> GatewayPlan {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds entries such as `[[mapping]]`, as TOML: what can't be given as variables.
    #[must_use]
    pub fn entries(mut self, toml: &str) -> GatewayPlan {
        self.setup.entries.push_str(&format!("\n{toml}\n"));
        self
    }

    /// Runs it under strace.
    #[must_use]
    pub fn strace(mut self, strace: Strace) -> GatewayPlan {
        self.strace = Some(strace);
        self
    }

    /// Has it started by another program that then becomes it, such as `prlimit`.
    #[must_use]
    pub fn under(mut self, words: &[&str]) -> GatewayPlan {
        self.under.extend(words.iter().map(|word| (*word).to_owned()));
        self
    }

    /// Starts it and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; the message has the end of its log.
    pub async fn start(self) -> Gateway {
        self.try_start().await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts it; the error has its exit code and the end of its log.
    ///
    /// # Errors
    /// It ended or stayed silent instead of saying that it is ready.
    pub async fn try_start(self) -> Result<Gateway, GatewayError> {
        let mut gateway = self.not_started();
        gateway.launch().await?;
        Ok(gateway)
    }

    /// The gateway before its first start.
    pub fn not_started(mut self) -> Gateway {
        let program = std::mem::replace(&mut self.setup.program, LAUNCHER.into());
        let http = local_http::client().expect("an HTTP client");
        Gateway { program, plan: self, process: None, http }
    }
}

/// A gateway under test; killed when dropped. The end of its log is shown when the test fails.
#[derive(Debug)]
pub struct Gateway {
    program: PathBuf,
    plan: GatewayPlan,
    process: Option<GatewayProcess>,
    http: reqwest::Client,
}

impl Gateway {
    async fn launch(&mut self) -> Result<(), GatewayError> {
        let file = self.plan.dir().join("launch.env");
        std::fs::write(&file, self.launch_env())
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        self.process = Some(self.plan.setup.start().await?);
        Ok(())
    }

    fn launch_env(&self) -> String {
        let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
        let mut script = String::new();
        for (name, value) in &self.plan.variables {
            script.push_str(&format!("export {name}={}\n", quoted(value)));
        }
        script.push_str("set --");
        for word in self.plan.strace.iter().flat_map(Strace::words).chain(self.plan.under.iter().cloned()) {
            script.push_str(&format!(" {}", quoted(&word)));
        }
        script.push_str(&format!(" {} \"$@\"\n", quoted(&self.program.to_string_lossy())));
        script
    }

    fn process(&mut self) -> &mut GatewayProcess {
        self.process.as_mut().expect("the gateway was started and not killed since")
    }

    /// Where devices connect; the same after a restart.
    pub fn mqtt(&self) -> std::net::SocketAddr {
        self.plan.setup.mqtt_bind
    }

    /// Where it listens with `mqtts`, `ws` or `wss`, as it said when it was ready.
    ///
    /// # Panics
    /// When it does not.
    pub fn address(&self, transport: &str) -> std::net::SocketAddr {
        let process = self.process.as_ref().expect("the gateway was started and not killed since");
        let fact = process.fact(transport).unwrap_or_else(|| panic!("it does not listen for {transport}"));
        let fact = fact.trim_start_matches(&format!("{transport}://")).trim_end_matches("/mqtt");
        fact.parse().unwrap_or_else(|_| panic!("{fact} is no address"))
    }

    /// Its HTTP interface without a slash at the end; the same after a restart.
    pub fn http_url(&self) -> String {
        format!("http://{}", self.plan.setup.http_bind)
    }

    /// Directory of its configuration, log (`gateway.log`) and data (`data/`).
    pub fn dir(&self) -> &Path {
        self.plan.dir()
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        let log = std::fs::read(self.dir().join("gateway.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Its process id, while it runs.
    pub fn pid(&mut self) -> u32 {
        self.process().pid().expect("the gateway runs")
    }

    /// `GET` of a path, for instance `/readyz`: status code and body; `None` when nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let response = self.http.get(format!("{}{path}", self.http_url())).send().await.ok()?;
        let code = response.status().as_u16();
        Some((code, response.text().await.ok()?))
    }

    /// `/api/v1/status`.
    pub async fn status(&self) -> Value {
        let (code, body) = self.try_get("/api/v1/status").await.expect("the gateway answers");
        assert_eq!(code, 200, "{body}");
        serde_json::from_str(&body).expect("status is JSON")
    }

    /// Reports that the platform has not accepted yet. Descriptions of photos don't count: their way to the platform is not
    /// built yet, so they wait in any case.
    pub async fn pending(&self) -> u64 {
        let status = self.status().await;
        let number = |value: &Value| value.as_u64().expect("it is a number");
        number(&status["pending_total"]) - number(&status["pending"]["evidence"])
    }

    /// `/metrics`.
    pub async fn metrics(&self) -> Metrics {
        let (code, body) = self.try_get("/metrics").await.expect("the gateway answers");
        assert_eq!(code, 200, "{body}");
        Metrics(body)
    }

    /// SIGKILL; returns when it is gone.
    pub async fn kill9(&mut self) {
        let process = self.process.take().expect("the gateway was started and not killed since");
        process.kill().await.unwrap_or_else(|error| panic!("{error}"));
    }

    /// Starts it again after its end, on the same data and ports, and gives the time until it was ready.
    ///
    /// # Panics
    /// When it still runs or does not become ready.
    pub async fn restart(&mut self) -> Duration {
        let over = self.process.is_none() || self.has_ended().is_some();
        assert!(over, "the gateway still runs: kill9() or terminate() and exit() come first");
        self.process = None;
        let start = Instant::now();
        self.launch().await.unwrap_or_else(|error| panic!("{error}"));
        start.elapsed()
    }

    /// Starts it again under strace. The error says that it ended instead of becoming ready, and how; it may then be started
    /// once more.
    ///
    /// # Errors
    /// See [`GatewayPlan::try_start`].
    pub async fn try_restart_traced(&mut self, strace: Strace) -> Result<(), GatewayError> {
        self.plan.strace = Some(strace);
        self.process = None;
        self.launch().await
    }

    /// The same as [`Gateway::restart`], from now on without strace and its faults.
    pub async fn restart_untraced(&mut self) -> Duration {
        self.plan.strace = None;
        self.restart().await
    }

    /// SIGTERM; see [`Gateway::exit`] for the wait.
    pub fn terminate(&mut self) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id");
        rustix::process::kill_process(pid, Signal::TERM).expect("the gateway may be signalled");
    }

    /// How it ended, if it has: `exit status: 0`, `signal: 9 (SIGKILL)`.
    pub fn has_ended(&mut self) -> Option<String> {
        self.process().has_ended()
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// When it does not within `within`.
    pub async fn exit(&mut self, within: Duration) -> Exit {
        let mut ended = None;
        let condition = async || {
            ended = self.has_ended();
            ended.is_some()
        };
        let after = wait_until("the gateway ends by itself", within, condition).await;
        Exit { status: ended.unwrap_or_default(), after }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n");
            eprintln!("the end of the gateway's log ({}):\n{tail}", self.dir().display());
        }
    }
}

/// How a gateway ended.
#[derive(Debug, Clone)]
pub struct Exit {
    /// In the system's words.
    pub status: String,
    /// From the beginning of the wait.
    pub after: Duration,
}

impl Exit {
    /// The exit code; `None` when a signal ended it.
    pub fn code(&self) -> Option<i32> {
        self.status.strip_prefix("exit status: ")?.parse().ok()
    }
}

/// The text of `/metrics`.
#[derive(Debug, Clone)]
pub struct Metrics(pub String);

impl Metrics {
    /// The value of a sample by its name with its labels as printed, for instance
    /// `patrol_received_messages_total{class="incident"}`; `None` when there is no such line.
    pub fn get(&self, name: &str) -> Option<f64> {
        let sample = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
        self.0.lines().find_map(sample)
    }

    /// The sum over all labels of a name, 0 when there is no such line.
    pub fn sum(&self, name: &str) -> f64 {
        let sample = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let value =
                if rest.starts_with('{') { rest.rsplit_once(' ')?.1 } else { rest.strip_prefix(' ')? };
            value.trim().parse::<f64>().ok()
        };
        self.0.lines().filter_map(sample).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_found_by_its_whole_name_and_summed_over_its_labels() {
        let text =
            "# TYPE a counter\na_total{class=\"x\"} 2\na_total{class=\"y\"} 3\na_totals 9\nb 1.5\n# EOF\n";
        let metrics = Metrics(text.to_owned());
        assert_eq!(metrics.get("a_total{class=\"y\"}"), Some(3.0));
        assert_eq!((metrics.sum("a_total"), metrics.sum("b"), metrics.sum("c")), (5.0, 1.5, 0.0));
    }
}
