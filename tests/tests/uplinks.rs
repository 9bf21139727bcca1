//! Several platforms side by side: each has its own progress, its own dead letters, and can be proved; none waits for another.

use std::time::Duration;

use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::packets::Version;
use patrol_tests::raw_mqtt::Connection;
use patrol_tests::reports::{incident, telemetry, up};
use patrol_tests::uplink_stage::SOON;
use patrol_tests::{Ended, Gateway, World, program, run_to_end, wait_until};
use serde_json::Value;

/// A command ends within this time. Generous: nothing is measured by it.
const COMMAND_WITHIN: Duration = Duration::from_secs(120);

/// A gateway that sends to the city's platform and to a desk.
struct Sides {
    city: Platform,
    desk: Platform,
    gateway: Gateway,
    token_file: String,
    _world: World,
}

impl Sides {
    async fn set() -> Sides {
        let world = World::new();
        let (city, desk) = (world.platform().await, world.platform().await);
        let uplink = |name: &str, platform: &Platform| {
            format!(
                "[[uplink]]\nname = \"{name}\"\nkind = \"https\"\nurl = \"{}\"\nretry_min = \"10ms\"\nretry_max = \"100ms\"\n",
                platform.url()
            )
        };
        let uplinks = uplink("city", &city) + &uplink("desk", &desk);
        let token_file = world.file("api-token", "0123456789abcdef").display().to_string();
        let plan = world.gateway().set("http.token_file", &token_file).entries(&uplinks);
        let gateway = plan.start().await;
        Sides { city, desk, gateway, token_file, _world: world }
    }

    /// Runs `patrol-gateway` on the configuration of the gateway that runs.
    async fn command(&self, args: &[&str]) -> Ended {
        let config = self.gateway.dir().join("patrol-gateway.toml").display().to_string();
        // The file says "any port"; an operator would have written the one that it took.
        let bind = format!("PATROL_GATEWAY__HTTP__BIND={}", self.gateway.http_url().replace("http://", ""));
        let token = format!("PATROL_GATEWAY__HTTP__TOKEN_FILE={}", self.token_file);
        let program = program("patrol-gateway").display().to_string();
        let words = [bind, token, program, "--config".to_owned(), config];
        let words = words.iter().map(String::as_str).chain(args.iter().copied());
        run_to_end("/usr/bin/env", words, COMMAND_WITHIN).await
    }

    /// Reports so many incidents and telemetries with numbers from `first` on.
    async fn report(&self, first: u32, each: u32) {
        let mut device = Connection::connect(&self.gateway, Version::V5, "car-01").await;
        device.report_all(&up("car-01", "incident"), (first..first + each).map(|seq| incident(1, seq))).await;
        device
            .report_all(&up("car-01", "telemetry"), (first..first + each).map(|seq| telemetry(2, seq)))
            .await;
    }

    async fn delivered(&self, platform: &Platform, events: u64) {
        let all_there = async || platform.counts().delivered >= events;
        wait_until("a platform has everything", SOON, all_there).await;
    }

    async fn drained(&self) {
        wait_until("nothing waits", SOON, async || self.gateway.pending().await == 0).await;
    }
}

#[tokio::test]
async fn a_platform_that_is_away_holds_nobody_up_and_a_restart_sends_nobody_what_it_has() {
    let mut sides = Sides::set().await;
    sides.desk.set_fault(Fault::Down { seconds: None }).await.expect("it obeys");
    sides.report(0, 20).await;
    sides.delivered(&sides.city, 40).await;
    let of_city = async || {
        let status = sides.gateway.status().await;
        (status["uplinks"][0]["waiting"].as_u64(), status["uplinks"][1]["waiting"].as_u64())
    };
    wait_until("the city's word is stored", SOON, async || of_city().await == (Some(0), Some(40))).await;
    assert_eq!(sides.gateway.pending().await, 40, "they are kept for the desk");
    sides.gateway.kill9().await;
    sides.gateway.restart().await;
    sides.report(100, 5).await;
    sides.delivered(&sides.city, 50).await;
    assert_eq!(sides.city.counts().duplicates, 0, "what the city has is not sent again");
    sides.desk.set_fault(Fault::Normal).await.expect("it obeys");
    sides.delivered(&sides.desk, 50).await;
    sides.drained().await;
    for platform in [&sides.city, &sides.desk] {
        assert_eq!((platform.counts().delivered, platform.counts().conflicts), (50, 0));
    }
}

#[tokio::test]
async fn a_dead_letter_is_listed_sent_again_and_discarded_for_its_platform_alone() {
    let sides = Sides::set().await;
    sides.desk.set_fault(Fault::Reject { ids: Default::default(), one_in: 1 }).await.expect("it obeys");
    sides.report(0, 2).await;
    sides.delivered(&sides.city, 4).await;
    sides.drained().await;
    let listed = async || {
        let ended = sides.command(&["deadletter", "list", "--uplink", "desk", "--json"]).await;
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let page: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        page["deadletters"].as_array().expect("a list").clone()
    };
    let letters = listed().await;
    assert_eq!(letters.len(), 4, "{letters:?}");
    assert!(letters.iter().all(|letter| letter["uplink"] == "desk" && letter["reason"] != ""), "{letters:?}");
    sides.desk.set_fault(Fault::Normal).await.expect("it obeys");
    let number = letters[0]["number"].to_string();
    let discarded = sides.command(&["deadletter", "discard", &number]).await;
    assert_eq!(discarded.code, Some(0), "{discarded:?}");
    let again = sides.command(&["deadletter", "discard", &number]).await;
    assert_eq!(again.code, Some(1), "there is none of that number any more: {again:?}");
    let retried = sides.command(&["deadletter", "retry", "--all", "--uplink", "desk"]).await;
    assert_eq!(retried.code, Some(0), "{retried:?}");
    sides.delivered(&sides.desk, 3).await;
    sides.drained().await;
    assert_eq!(listed().await.len(), 0);
    assert_eq!((sides.city.counts().delivered, sides.city.counts().duplicates), (4, 0), "the city has them");
}

#[tokio::test]
async fn an_uplink_is_proved_by_a_probe_that_its_platform_answers() {
    let sides = Sides::set().await;
    let proved = sides.command(&["uplink", "test", "--json"]).await;
    assert_eq!(proved.code, Some(0), "{proved:?}");
    let told: Value = serde_json::from_str(&proved.stdout).expect("JSON");
    for (side, name) in ["city", "desk"].into_iter().enumerate() {
        assert_eq!(
            (&told[side]["uplink"], &told[side]["result"]),
            (&name.into(), &"accepted".into()),
            "{told}"
        );
    }
    assert_eq!((sides.city.counts().delivered, sides.desk.counts().delivered), (1, 1));
    sides.desk.set_token(Some("another"));
    let refused = sides.command(&["uplink", "test"]).await;
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.stdout.contains("ok") && refused.stdout.contains("FAILED"), "{}", refused.stdout);
    assert_eq!(sides.command(&["uplink", "test", "city"]).await.code, Some(0));
    assert_eq!(sides.command(&["uplink", "test", "nobody"]).await.code, Some(2));
}
