//! The gate as a connection sees it: a real keeper on a real file.

use std::net::IpAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::app::store_options;
use crate::audit;
use crate::config::{Config, registry_file};
use crate::domain::registry::{AccountKind, PasswordHash, Registry};
use crate::domain::report::DeviceId;
use crate::store::writer;

/// A change of the file has taken effect.
const IN_FORCE: Duration = Duration::from_secs(5);
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

struct World {
    gate: Gate,
    config: Config,
    stop: CancellationToken,
    _dir: tempfile::TempDir,
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl World {
    /// A keeper of this registry; `HASH` in it is the hash of `right`.
    fn new(registry: &str) -> World {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.gateway.data_dir = dir.path().to_owned();
        let path = config.registry_file();
        let text = registry.replace("HASH", passwords::hash("right").unwrap().as_str());
        std::fs::write(&path, text).unwrap();
        let metrics = std::sync::Arc::new(crate::metrics::Metrics::new());
        let store = writer::start(store_options(&config), metrics).unwrap().store;
        let (audit, _) = Audit::start(audit::folder(dir.path())).unwrap();
        let (stop, loaded) = (CancellationToken::new(), file::read(&path).unwrap());
        let (gate, keeper) = Keeper::new(path, loaded, store, audit, stop.clone()).unwrap();
        tokio::spawn(keeper.run());
        World { gate, config, stop, _dir: dir }
    }

    fn edit(&self, change: impl FnOnce(&mut Registry)) {
        let change = |registry: &mut Registry| {
            change(registry);
            Ok(())
        };
        file::edit(&self.config.registry_file(), change).unwrap();
    }
}

fn hello<'a>(client_id: &'a str, user: &'a str, password: &'a str) -> Hello<'a> {
    Hello { client_id, user: Some(user), password: Some(password.as_bytes()), certificate: None, peer: HERE }
}

fn id(text: &str) -> DeviceId {
    DeviceId::parse(text).unwrap()
}

const CITY: &str = "[[device]]\nid = \"car-07\"\npassword = \"HASH\"\n\
                    [[device]]\nid = \"cam-01\"\ncertificate = true\n\
                    [[application]]\nname = \"console\"\nsubscribe = [\"patrol/v1/up/#\"]\npassword = \"HASH\"\n";

#[tokio::test]
async fn an_application_comes_in_as_itself_under_any_client_id_and_a_certificate_needs_no_password() {
    let world = World::new(CITY);
    let admitted = world.gate.admit(hello("desk-3", "console", "right")).await.unwrap();
    let Principal::Application(application) = admitted.principal else { panic!("{:?}", admitted.principal) };
    assert_eq!((application.name.as_str(), application.subscribe.len()), ("console", 1));
    let certified = Hello {
        client_id: "",
        user: None,
        password: None,
        certificate: Some("cam-01"),
        peer: [10, 0, 0, 7].into(),
    };
    let admitted = world.gate.admit(certified).await.unwrap();
    assert_eq!(admitted.principal, Principal::Device(id("cam-01")));
    let other = Hello { client_id: "car-07", ..certified };
    assert_eq!(world.gate.admit(other).await.unwrap_err(), Refused::ClientId);
}

#[tokio::test]
async fn what_changes_in_the_file_ends_the_sessions_that_it_concerns_and_no_others() {
    let world = World::new(CITY);
    let car = world.gate.admit(hello("car-07", "car-07", "right")).await.unwrap();
    let console = world.gate.admit(hello("x", "console", "right")).await.unwrap();
    world.edit(|registry| registry.revoke(AccountKind::Device, &id("car-07")).unwrap());
    timeout(IN_FORCE, car.revoked.cancelled()).await.expect("it ends within five seconds");
    assert!(!console.revoked.is_cancelled());
    assert_eq!(
        world.gate.admit(hello("car-07", "car-07", "right")).await.unwrap_err(),
        Refused::NotAuthorized,
        "even a password that is remembered"
    );
    let hash = passwords::hash("new").unwrap();
    world.edit(|registry| registry.rotate(AccountKind::Application, &id("console"), hash).unwrap());
    timeout(IN_FORCE, console.revoked.cancelled()).await.expect("it ends within five seconds");
    let old = world.gate.admit(hello("x", "console", "right")).await.unwrap_err();
    assert_eq!(old, Refused::Credentials);
    assert!(world.gate.admit(hello("x", "console", "new")).await.is_ok());
}

#[tokio::test]
async fn one_address_neither_fills_the_queue_nor_shuts_another_out() {
    let world = World::new(CITY);
    // Known and unknown names alike.
    let crowd: JoinSet<_> =
        (0..400)
            .map(|number| {
                let (gate, name) = (world.gate.clone(), format!("car-{number:02}"));
                async move {
                    gate.admit(Hello { peer: [10, 0, 0, 66].into(), ..hello(&name, &name, "wrong") }).await
                }
            })
            .collect();
    let good = async {
        let peer = [10, 0, 0, 7].into();
        timeout(IN_FORCE, world.gate.admit(Hello { peer, ..hello("car-07", "car-07", "right") })).await
    };
    let (refused, admitted) = tokio::join!(crowd.join_all(), good);
    assert!(admitted.expect("it does not wait for long").is_ok());
    let refused: Vec<_> = refused.into_iter().map(Result::unwrap_err).collect();
    let busy = refused.iter().filter(|refused| **refused == Refused::Busy).count();
    assert!(busy >= 200, "{busy} of 400");
    assert!(refused.iter().all(|refused| matches!(refused, Refused::Busy | Refused::Credentials)));
}

#[test]
fn a_registry_of_ten_thousand_is_read_fast_enough_to_be_read_at_every_change() {
    let hash = passwords::hash("right").unwrap();
    let hash: &PasswordHash = &hash;
    let entry = |number| format!("[[device]]\nid = \"car-{number}\"\npassword = \"{}\"\n", hash.as_str());
    let text: String = (0..10_000).map(entry).collect();
    let start = std::time::Instant::now();
    let registry = registry_file::read(&text, "registry.toml").unwrap();
    assert_eq!(registry.census().devices, 10_000);
    assert!(start.elapsed() < IN_FORCE, "{:?}", start.elapsed());
    let one_more = text + &entry(10_000);
    let told = registry_file::read(&one_more, "registry.toml").unwrap_err().to_string();
    assert!(told.contains("no more than 10000"), "{told}");
}
