//! A gateway and the command line that is used where it stands: with its configuration, whether it runs or not.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::gateway::Gateway;
use crate::packets::Version;
use crate::program::{Ended, program, run_to_end};
use crate::raw_mqtt::Connection;
use crate::reports::{incident, telemetry, up};
use crate::world::World;

/// What the API's token is at every site.
const TOKEN: &str = "a-token-of-the-tests";
/// Messages of one write.
const AT_ONCE: usize = 1000;
/// A command ends within this time. Generous: nothing is measured by it.
const COMMAND_WITHIN: Duration = Duration::from_secs(120);

/// A gateway with an id of its own, and its keys beyond the set-up's.
#[derive(Debug)]
pub struct Site {
    /// The gateway.
    pub gateway: Gateway,
    variables: Vec<String>,
}

impl Site {
    /// Starts the gateway `id` in the world's directory of that name, on the data that is there, with these further keys.
    pub async fn start(world: &World, id: &str, uplink: Option<&str>, keys: &[(&str, &str)]) -> Site {
        let token = world.file("api-token", TOKEN).display().to_string();
        let own = [
            ("gateway.id", id),
            ("http.token_file", &token),
            ("uplink.retry_min", "10ms"),
            ("uplink.retry_max", "100ms"),
        ];
        let keys: Vec<_> = own.iter().chain(keys).collect();
        let plan = keys.iter().fold(world.gateway_named(id), |plan, (key, value)| plan.set(key, value));
        let plan = uplink.into_iter().fold(plan, |plan, url| plan.uplink(url));
        let gateway = plan.start().await;
        let variable = |key: &str| format!("PATROL_GATEWAY__{}", key.replace('.', "__").to_uppercase());
        let mut variables: Vec<_> =
            keys.iter().map(|(key, value)| format!("{}={value}", variable(key))).collect();
        // The file says "any port"; an operator would have written the one that it took.
        variables.push(format!("{}={}", variable("http.bind"), gateway.http_url().replace("http://", "")));
        Site { gateway, variables }
    }

    /// The words of a command without one of the keys that this site has, for [`run_words`].
    #[must_use]
    pub fn words_without(&self, key: &str, args: &[&str]) -> Vec<String> {
        let name = format!("PATROL_GATEWAY__{}=", key.replace('.', "__").to_uppercase());
        self.words(args).into_iter().filter(|word| !word.starts_with(&name)).collect()
    }

    /// The command line of `patrol-gateway` with these arguments, for `/usr/bin/env`.
    fn words(&self, args: &[&str]) -> Vec<String> {
        let config = self.gateway.dir().join("patrol-gateway.toml");
        let mut words = self.variables.clone();
        words.push(program("patrol-gateway").display().to_string());
        words.extend(args.iter().map(|&arg| arg.to_owned()));
        words.extend(["--config".to_owned(), config.display().to_string()]);
        words
    }

    /// Runs a command to its end.
    pub async fn run(&self, args: &[&str]) -> Ended {
        run_to_end("/usr/bin/env", self.words(args), COMMAND_WITHIN).await
    }

    /// Runs a command under strace with a fault put in, as in its manual: `fsync:error=EIO`.
    pub async fn run_with_fault(&self, fault: &str, args: &[&str]) -> Ended {
        let inject = format!("inject={fault}");
        let strace = ["/usr/bin/strace", "-f", "-qq", "-o", "/dev/null", "-e", &inject, "/usr/bin/env"];
        let words = strace.map(str::to_owned).into_iter().skip(1).chain(self.words(args));
        run_to_end(strace[0], words, COMMAND_WITHIN).await
    }

    /// Begins a command; it is killed when this is dropped.
    ///
    /// # Panics
    /// When it does not start.
    pub fn begin(&self, args: &[&str]) -> Child {
        // `env` becomes the program: what is killed is the command itself.
        let mut command = Command::new("/usr/bin/env");
        command.args(self.words(args)).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.kill_on_drop(true).spawn().expect("the command starts")
    }

    /// A device reports so many incidents and telemetries of its boot, numbered one after the other; all are acknowledged.
    pub async fn reports(&self, device: &str, boot: u32, incidents: usize, telemetries: usize) {
        let mut connection = Connection::connect(&self.gateway, Version::V5, device).await;
        let first = incidents as u32;
        let incidents: Vec<_> = (0..first).map(|seq| incident(boot, seq)).collect();
        let telemetries: Vec<_> =
            (first..first + telemetries as u32).map(|seq| telemetry(boot, seq)).collect();
        for (class, payloads) in [("incident", incidents), ("telemetry", telemetries)] {
            for payloads in payloads.chunks(AT_ONCE) {
                connection.report_all(&up(device, class), payloads.iter().cloned()).await;
            }
        }
    }
}

/// Runs a command that [`Site::words_without`] has given.
pub async fn run_words(words: Vec<String>) -> Ended {
    run_to_end("/usr/bin/env", words, COMMAND_WITHIN).await
}

/// A path as an argument.
///
/// # Panics
/// When it is no plain text.
pub fn argument(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}
