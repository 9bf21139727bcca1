//! The stall register lives on the box: it works offline, and the platform brings it up to date.

use std::time::Duration;

use patrol_simulator::platform::{Fault, Platform};
use patrol_tests::{Gateway, GatewayPlan, World, wait_until};

const SOON: Duration = Duration::from_secs(60);
const HEAD: &str = "card,lon,lat,radius_m,crs,open";

/// A register of so many cards.
fn register(cards: usize) -> String {
    let line = |number: usize| format!("DY-{number},104.398,31.127,5,wgs84,17:00-21:00\n");
    format!("{HEAD}\n{}", (0..cards).map(line).collect::<String>())
}

/// Tries again soon after a failure.
fn hasty(plan: GatewayPlan, platform: &Platform) -> GatewayPlan {
    let plan = plan.uplink(&platform.url()).set("uplink.timeout", "1s");
    plan.set("uplink.retry_min", "10ms").set("uplink.retry_max", "100ms")
}

async fn cards(gateway: &Gateway) -> f64 {
    gateway.metrics().await.sum("patrol_stall_cards")
}

async fn has_cards(gateway: &Gateway, count: usize) {
    wait_until("the register is in force", SOON, async || cards(gateway).await == count as f64).await;
}

#[tokio::test]
async fn a_register_comes_from_the_platform_and_stays_without_it() {
    let world = World::new();
    let platform = world.platform().await;
    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform obeys");
    let mut gateway = hasty(world.gateway(), &platform).start().await;
    assert_eq!(cards(&gateway).await, 0.0, "it starts with none");
    platform.set_stalls(Some(register(3).as_bytes()));
    platform.set_fault(Fault::Normal).await.expect("the platform obeys");
    has_cards(&gateway, 3).await;

    platform.set_fault(Fault::Down { seconds: None }).await.expect("the platform obeys");
    gateway.kill9().await;
    gateway.restart().await;
    assert_eq!(cards(&gateway).await, 3.0, "it was on the disk before it was in force");
    platform.set_fault(Fault::Normal).await.expect("the platform obeys");
    wait_until("it asks", SOON, async || platform.stall_counts().known == 1).await;
    assert_eq!(platform.stall_counts().sent, 1, "nothing is sent twice");
}

#[tokio::test]
async fn what_is_no_register_is_refused_and_counted_and_the_one_before_stays() {
    let world = World::new();
    let platform = world.platform().await;
    let file = world.file("stalls.csv", register(2));
    platform.set_stalls(Some(format!("{HEAD}\nDY-1,204.4,31.1,5,wgs84,17-21\n").as_bytes()));
    let plan = hasty(world.gateway(), &platform).set("geography.stalls", &file.display().to_string());
    let mut gateway = plan.start().await;
    let refused = async || gateway.metrics().await.sum("patrol_stall_registers_total") == 1.0;
    wait_until("it is refused", SOON, refused).await;
    assert_eq!(cards(&gateway).await, 2.0);
    assert!(gateway.log().contains("line 2, column `lon`"), "{}", gateway.log());

    platform.set_stalls(Some(register(5).as_bytes()));
    gateway.kill9().await;
    gateway.restart().await;
    has_cards(&gateway, 5).await;
    // The operator's file has changed since: it counts until the platform has another one.
    std::fs::write(&file, register(7)).expect("our own file");
    gateway.kill9().await;
    gateway.restart().await;
    assert_eq!(cards(&gateway).await, 7.0);
    wait_until("it asks", SOON, async || platform.stall_counts().known == 1).await;
    assert_eq!(cards(&gateway).await, 7.0);
}

#[tokio::test]
async fn a_platform_without_a_register_is_left_alone() {
    let world = World::new();
    let platform = world.platform().await;
    let gateway = hasty(world.gateway(), &platform).start().await;
    wait_until("it asks", SOON, async || platform.stall_counts().absent == 1).await;
    assert_eq!(cards(&gateway).await, 0.0);
    assert!(!gateway.log().contains("stall register"), "{}", gateway.log());
}
