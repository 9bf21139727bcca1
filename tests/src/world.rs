//! One test's world: a temporary directory and what is started in it.

use std::path::{Path, PathBuf};

use patrol_simulator::gateway::GatewaySetup;
use patrol_simulator::platform::Platform;
use tempfile::TempDir;

use crate::gateway::GatewayPlan;
use crate::program::program;

/// A directory of its own for one test, removed at the end.
#[derive(Debug)]
pub struct World {
    dir: TempDir,
}

impl World {
    /// A new, empty world.
    #[expect(clippy::new_without_default, reason = "it makes a directory")]
    pub fn new() -> World {
        let dir = tempfile::Builder::new().prefix("patrol-test-").tempdir().expect("a temporary directory");
        World { dir }
    }

    /// The world's directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A stand-in platform on a free port of this machine.
    pub async fn platform(&self) -> Platform {
        Platform::start(([127, 0, 0, 1], 0).into()).await.expect("a free port on this machine")
    }

    /// A gateway with its data in this world, on free ports, without an uplink. The id in its events is `box-demo`.
    pub fn gateway(&self) -> GatewayPlan {
        self.gateway_named("gateway")
    }

    /// Like [`World::gateway`], for tests with several: each has the directory of its name.
    pub fn gateway_named(&self, name: &str) -> GatewayPlan {
        let dir = self.subdir(name);
        GatewayPlan::new(GatewaySetup::new(&program("patrol-gateway"), &dir))
    }

    /// Writes a file below the world's directory and gives its path.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir().join(name);
        std::fs::write(&path, content).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        path
    }

    fn subdir(&self, name: &str) -> PathBuf {
        let dir = self.dir().join(name);
        std::fs::create_dir_all(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
        dir
    }
}
