//! Debian's `nats-server`, alone or as a cluster of three, and the streams in it.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, pull};
pub use async_nats::jetstream::stream::{Config, Stream};
use async_nats::jetstream::stream::{DiscardPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use futures_util::StreamExt;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::wait::wait_until;

/// Whatever is awaited of a server comes within this time: an election takes 4 to 9 s.
const SOON: Duration = Duration::from_secs(60);
/// The stream of [`Servers::stream`].
pub const STREAM: &str = "PATROL";

/// Servers in a directory of their own; killed when dropped.
#[derive(Debug)]
pub struct Servers {
    dir: TempDir,
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    name: String,
    addr: SocketAddr,
    config: PathBuf,
    process: Option<Child>,
}

/// The program, from Debian's package `nats-server`, or the one that `NATS_SERVER` names.
fn program() -> PathBuf {
    let path = std::env::var_os("NATS_SERVER").map_or_else(|| "/usr/sbin/nats-server".into(), PathBuf::from);
    let path = if path.is_file() { path } else { "/usr/bin/nats-server".into() };
    let hint = "`tests/run` installs it, or apt-get install nats-server";
    assert!(path.is_file(), "there is no nats-server: {hint}");
    path
}

/// Its version, for instance `2.9.10`.
pub async fn version() -> String {
    let said = Command::new(program()).arg("--version").output().await.expect("it says its version");
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    said.rsplit('v').next().unwrap_or_default().trim().to_owned()
}

/// Whether this version syncs each message before its acknowledgement when it is told to: since 2.10.
fn syncs_always(version: &str) -> bool {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next(), parts.next()) >= (Some(2), Some(10))
}

impl Servers {
    /// One server with these further lines of configuration.
    pub async fn alone(lines: &str) -> Servers {
        Servers::start(1, lines).await
    }

    /// A cluster of three.
    pub async fn three() -> Servers {
        Servers::start(3, "").await
    }

    async fn start(count: usize, lines: &str) -> Servers {
        let dir = tempfile::Builder::new().prefix("patrol-nats-").tempdir().expect("a temporary directory");
        let ports = free_ports(2 * count);
        let (clients, routes) = ports.split_at(count);
        let sync = if syncs_always(&version().await) { "sync_interval: always" } else { "" };
        let mut servers = Servers { nodes: Vec::new(), dir };
        for (number, (client, route)) in clients.iter().zip(routes).enumerate() {
            let name = format!("n{number}");
            let store = servers.dir.path().join(&name);
            let config = servers.dir.path().join(format!("{name}.conf"));
            let text = format!(
                "server_name: {name}\nlisten: \"127.0.0.1:{client}\"\njetstream {{ store_dir: {store:?}\n\
                 max_memory_store: 64MB\nmax_file_store: 4GB\n{sync}\n}}\n{}\n{lines}\n",
                cluster(*route, routes)
            );
            std::fs::write(&config, text).expect("a file in the test's directory");
            let addr = SocketAddr::from(([127, 0, 0, 1], *client));
            servers.nodes.push(Node { name, addr, config, process: None });
        }
        for number in 0..count {
            servers.restart(number).await;
        }
        servers
    }

    /// Starts a server that does not run, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not come up.
    pub async fn restart(&mut self, number: usize) {
        let log = self.dir.path().join(format!("n{number}.log"));
        let node = &mut self.nodes[number];
        let process = Command::new(program())
            .arg("-c")
            .arg(&node.config)
            .arg("-l")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn();
        node.process = Some(process.unwrap_or_else(|error| panic!("nats-server did not start: {error}")));
        let addr = node.addr;
        let listens = async || tokio::net::TcpStream::connect(addr).await.is_ok();
        wait_until(&format!("a server listens; it said: {}", last_words(&log)), SOON, listens).await;
    }

    /// Kills a server with SIGKILL.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn kill9(&mut self, number: usize) {
        let mut process = self.nodes[number].process.take().expect("it runs");
        process.kill().await.expect("a process of ours can be killed");
    }

    /// Where the servers keep everything.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A server's URL.
    pub fn url(&self, number: usize) -> String {
        format!("nats://{}", self.nodes[number].addr)
    }

    /// A server's client address.
    pub fn addr(&self, number: usize) -> SocketAddr {
        self.nodes[number].addr
    }

    /// All URLs.
    pub fn urls(&self) -> Vec<String> {
        (0..self.nodes.len()).map(|number| self.url(number)).collect()
    }

    /// The number of the server with this name.
    pub fn number_of(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }

    /// A client of the test's own, to all of the servers.
    ///
    /// # Panics
    /// When none of them takes it.
    pub async fn context(&self) -> Context {
        let addrs: Vec<async_nats::ServerAddr> =
            self.urls().iter().map(|url| url.parse().expect("a URL")).collect();
        let options = async_nats::ConnectOptions::new().request_timeout(Some(Duration::from_secs(2)));
        jetstream::new(options.connect(addrs).await.expect("a server that runs"))
    }

    /// Makes the stream of the gateways' records as the documentation asks for it, with these changes, and waits until it is there.
    ///
    /// # Panics
    /// When it is not to be had.
    pub async fn stream(&self, context: &Context, change: impl Fn(&mut Config)) -> Stream {
        let mut config = Config {
            name: STREAM.to_owned(),
            subjects: vec!["patrol.*.*".to_owned()],
            storage: StorageType::File,
            num_replicas: self.nodes.len(),
            discard: DiscardPolicy::New,
            max_bytes: 1 << 30,
            duplicate_window: Duration::from_secs(3600),
            ..Config::default()
        };
        change(&mut config);
        let made = async || context.create_stream(config.clone()).await.is_ok();
        wait_until("the cluster makes a stream", SOON, made).await;
        let stream = context.get_stream(STREAM).await.expect("it was just made");
        wait_until("the stream has a leader", SOON, async || leader(&stream).await.is_some()).await;
        stream
    }
}

/// The routes of one of several servers.
fn cluster(port: u16, all: &[u16]) -> String {
    if all.len() < 2 {
        return String::new();
    }
    let routes: Vec<String> =
        all.iter().filter(|each| **each != port).map(|each| format!("nats://127.0.0.1:{each}")).collect();
    format!("cluster {{ name: city, listen: \"127.0.0.1:{port}\", routes: {routes:?} }}")
}

/// The name of the server that leads the stream, when one does; a server alone leads by itself.
pub async fn leader(stream: &Stream) -> Option<String> {
    match stream.get_info().await.ok()?.cluster {
        None => Some("n0".to_owned()),
        Some(cluster) => cluster.leader.filter(|name| !name.is_empty()),
    }
}

/// Asks the stream's leader to step down.
///
/// # Panics
/// When nobody answers.
pub async fn step_down(context: &Context) {
    let subject = format!("$JS.API.STREAM.LEADER.STEPDOWN.{STREAM}");
    let answer = context.client().request(subject, "".into()).await.expect("the leader answers");
    assert!(String::from_utf8_lossy(&answer.payload).contains("\"success\":true"), "{:?}", answer.payload);
}

/// How often each message id is in the stream.
///
/// # Panics
/// When the stream can't be read.
pub async fn message_ids(stream: &Stream) -> BTreeMap<String, u64> {
    let config = pull::Config { ack_policy: AckPolicy::None, ..pull::Config::default() };
    let consumer = stream.create_consumer(config).await.expect("a consumer");
    let owed = stream.get_info().await.expect("its figures").state.messages;
    let mut ids = BTreeMap::new();
    let mut read = 0;
    while read < owed {
        let mut batch = consumer.fetch().max_messages(500).messages().await.expect("messages");
        while let Some(message) = batch.next().await {
            let message = message.expect("a message");
            let id = message.headers.as_ref().and_then(|headers| headers.get("Nats-Msg-Id"));
            *ids.entry(id.map(ToString::to_string).unwrap_or_default()).or_default() += 1;
            read += 1;
        }
    }
    ids
}

/// Ports that were free a moment ago.
fn free_ports(count: usize) -> Vec<u16> {
    let listeners: Vec<_> =
        (0..count).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    listeners.iter().map(|listener| listener.local_addr().expect("an address").port()).collect()
}

fn last_words(log: &Path) -> String {
    std::fs::read_to_string(log).unwrap_or_default().lines().rev().take(5).collect::<Vec<_>>().join(" / ")
}
