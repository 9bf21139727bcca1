//! Debian's `mosquitto_pub` and `mosquitto_sub` as devices.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::gateway::Gateway;
use crate::program::{Ended, run_to_end};

/// Time for a client to connect, publish and leave.
const PUBLISHED_WITHIN: Duration = Duration::from_secs(20);

/// The program, from Debian's package `mosquitto-clients`.
fn client(name: &str) -> String {
    let path = format!("/usr/bin/{name}");
    let hint = "`tests/run` installs it, or apt-get install mosquitto-clients";
    assert!(Path::new(&path).is_file(), "there is no {path}: {hint}");
    path
}

fn arguments(broker: SocketAddr, args: &[&str]) -> Vec<String> {
    let (host, port) = (broker.ip().to_string(), broker.port().to_string());
    let connect = ["-h", &host, "-p", &port];
    connect.iter().chain(args).map(|&word| word.to_owned()).collect()
}

/// Runs `mosquitto_pub` against the gateway with these further arguments, for instance
/// `["-V", "5", "-i", "car-01", "-q", "1", "-t", topic, "-m", payload]`.
///
/// # Panics
/// When it is not installed or does not end.
pub async fn mosquitto_pub(gateway: &Gateway, args: &[&str]) -> Ended {
    run_to_end(client("mosquitto_pub"), arguments(gateway.mqtt(), args), PUBLISHED_WITHIN).await
}

/// A `mosquitto_sub` that runs; killed when dropped.
#[derive(Debug)]
pub struct Subscriber {
    lines: Lines<BufReader<ChildStdout>>,
    _child: Child,
}

impl Subscriber {
    /// Starts it with these further arguments and returns once its subscription is granted; needs one `-t`.
    ///
    /// # Panics
    /// When it is not installed or the subscription is not granted.
    pub async fn start(gateway: &Gateway, args: &[&str]) -> Subscriber {
        Subscriber::start_at(gateway.mqtt(), args).await
    }

    /// The same at the broker there.
    ///
    /// # Panics
    /// As [`Subscriber::start`].
    pub async fn start_at(broker: SocketAddr, args: &[&str]) -> Subscriber {
        // With -d it says on stdout what it sends and receives; stdbuf lets each line out of the pipe at once.
        let args = [args, &["-d"]].concat();
        let mut child = Command::new("/usr/bin/stdbuf")
            .args(["-oL", &client("mosquitto_sub")])
            .args(arguments(broker, &args))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("mosquitto_sub did not start: {error}"));
        let stdout = child.stdout.take().expect("its stdout is a pipe");
        let mut subscriber = Subscriber { lines: BufReader::new(stdout).lines(), _child: child };
        subscriber.said("Subscribed (mid: ", PUBLISHED_WITHIN).await;
        subscriber
    }

    /// The next message; payloads with line breaks come in pieces.
    ///
    /// # Panics
    /// When none comes within `within`.
    pub async fn message(&mut self, within: Duration) -> String {
        self.next(within, "a message", |line| !is_debug(line)).await
    }

    /// Waits for a line of its own account, for instance `Received PINGRESP`.
    ///
    /// # Panics
    /// When it does not say so within `within`.
    pub async fn said(&mut self, what: &str, within: Duration) -> String {
        self.next(within, what, |line| line.contains(what)).await
    }

    async fn next(&mut self, within: Duration, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let mut heard = Vec::new();
        let line = timeout(within, async {
            while let Ok(Some(line)) = self.lines.next_line().await {
                if wanted(&line) {
                    return Some(line);
                }
                heard.push(line);
            }
            None
        });
        match line.await {
            Ok(Some(line)) => line,
            Ok(None) => panic!("mosquitto_sub ended without {what}; it said {heard:#?}"),
            Err(_) => panic!("mosquitto_sub without {what} for {within:?}; it said {heard:#?}"),
        }
    }
}

/// Lines of `-d` about packets, as opposed to messages.
fn is_debug(line: &str) -> bool {
    line.starts_with("Client ") || line.starts_with("Subscribed (mid: ")
}
