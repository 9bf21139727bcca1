//! Debian's mosquitto as a broker of others: started, killed and started again on the same port and files.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::wait::wait_until;
use crate::world::World;

/// The program, from Debian's package `mosquitto`.
const PROGRAM: &str = "/usr/sbin/mosquitto";
/// Time to listen. Generous: nothing is measured by it.
const LISTENS_WITHIN: Duration = Duration::from_secs(30);

/// A broker that saves its database after every change, and limits nobody's queue; killed when dropped.
#[derive(Debug)]
pub struct Mosquitto {
    addr: SocketAddr,
    config: PathBuf,
    child: Option<Child>,
}

impl Mosquitto {
    /// Starts one.
    ///
    /// # Panics
    /// When it is not installed or does not listen.
    pub async fn start(world: &World) -> Mosquitto {
        let hint = "`tests/run` installs it, or apt-get install mosquitto";
        assert!(Path::new(PROGRAM).is_file(), "there is no {PROGRAM}: {hint}");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = free.local_addr().expect("its address");
        drop(free);
        let folder = world.dir().join("mosquitto");
        std::fs::create_dir_all(&folder).expect("a folder");
        // As root it would become another user, who can't write there.
        let config = format!(
            "listener {} 127.0.0.1\nallow_anonymous true\nuser root\nmax_queued_messages 0\npersistence true\n\
             autosave_on_changes true\nautosave_interval 1\npersistence_location {}/\n",
            addr.port(),
            folder.display()
        );
        let config = world.file("mosquitto.conf", config);
        let mut broker = Mosquitto { addr, config, child: None };
        broker.launch().await;
        broker
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("mqtt://{}", self.addr)
    }

    /// Ends it as an operator does, and starts it again: killed it would lose what it acknowledged and had not saved yet.
    ///
    /// # Panics
    /// When it can't be ended, or does not listen again.
    pub async fn restart(&mut self) {
        if let Some(mut child) = self.child.take() {
            let pid = child.id().expect("it runs").to_string();
            let told = Command::new("kill").args(["-TERM", &pid]).status().await.expect("kill is there");
            assert!(told.success(), "it can be told to end");
            child.wait().await.expect("it ends");
        }
        self.launch().await;
    }

    async fn launch(&mut self) {
        let mut command = Command::new(PROGRAM);
        command.arg("-c").arg(&self.config).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.kill_on_drop(true).spawn().expect("mosquitto starts"));
        let listens = async || TcpStream::connect(self.addr).await.is_ok();
        wait_until("mosquitto listens", LISTENS_WITHIN, listens).await;
    }
}
