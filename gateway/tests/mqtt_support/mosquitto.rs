//! Debian's mosquitto: started, killed and started again on the same port and files.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// The program, from Debian's package `mosquitto`.
const PROGRAM: &str = "/usr/sbin/mosquitto";

/// What a broker keeps.
pub(crate) const IN_MEMORY: &str = "persistence false\n";
/// Saves its database after every change.
pub(crate) const ON_EVERY_CHANGE: &str = "persistence true\nautosave_on_changes true\nautosave_interval 1\n";

/// A broker; killed when dropped.
pub(crate) struct Mosquitto {
    addr: SocketAddr,
    dir: TempDir,
    child: Option<Child>,
}

impl Mosquitto {
    /// A broker with these lines of configuration on a free port, not started.
    pub(crate) fn new(lines: &str) -> Mosquitto {
        assert!(Path::new(PROGRAM).is_file(), "there is no {PROGRAM}: apt-get install mosquitto");
        let dir = tempfile::tempdir().expect("a folder");
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = free.local_addr().expect("its address");
        let lines = lines.replace("{dir}", &dir.path().display().to_string());
        // As root it would become another user, who can't write there.
        let text = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 0\npersistence_location {}/\n{lines}",
            addr.port(),
            dir.path().display()
        );
        std::fs::write(dir.path().join("mosquitto.conf"), text).expect("its configuration");
        Mosquitto { addr, dir, child: None }
    }

    /// The same, started.
    pub(crate) fn started(lines: &str) -> Mosquitto {
        let mut broker = Mosquitto::new(lines);
        broker.start();
        broker
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(self.path("mosquitto.conf"));
        command.current_dir(self.dir.path()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("mosquitto starts"));
        let until = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.addr).is_err() {
            assert!(Instant::now() < until, "mosquitto does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Has it end in order, and waits until it has.
    pub(crate) fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = rustix::process::Pid::from_child(&child);
            rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it can be told");
            child.wait().expect("it ends");
        }
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
    }
}
