use super::*;

const HEAD: &str = "card,lon,lat,radius_m,crs,open";

fn csv(card: &str) -> Vec<u8> {
    format!("{HEAD}\n{card},104.398,31.127,5,wgs84,17:00-21:00\n").into_bytes()
}

fn register(card: &str) -> StallRegister {
    StallRegister::from_csv(&csv(card)).unwrap()
}

/// A gateway's register from start to stop, and what the platform sends meanwhile; the cards in force and what was settled.
async fn life(dir: &Path, configured: Option<&str>, sent: &[Vec<u8>]) -> (Arc<StallRegister>, Vec<bool>) {
    let (keeper, handle) = Keeper::open(dir, configured.map(register), Arc::new(Metrics::new()));
    let stop = CancellationToken::new();
    let task = tokio::spawn(keeper.run(stop.clone()));
    let mut settled = Vec::new();
    for csv in sent {
        settled.push(handle.offer(csv.clone()).await);
    }
    let in_force = handle.in_force.borrow().clone();
    stop.cancel();
    task.await.unwrap();
    (in_force, settled)
}

async fn in_force(dir: &Path, configured: Option<&str>) -> String {
    let (register, _) = life(dir, configured, &[]).await;
    ["file-1", "file-2", "platform-1", "platform-2"]
        .into_iter()
        .find(|card| register.stall(card).is_some())
        .unwrap_or("none")
        .to_owned()
}

#[tokio::test]
async fn what_the_platform_sends_is_in_force_at_once_and_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(in_force(dir.path(), None).await, "none");
    let (register, settled) = life(dir.path(), None, &[csv("platform-1"), csv("platform-1")]).await;
    assert_eq!((register.version(), settled), (self::register("platform-1").version(), vec![true, true]));
    assert_eq!(in_force(dir.path(), None).await, "platform-1");
}

#[tokio::test]
async fn what_is_no_register_changes_nothing_and_is_settled() {
    let dir = tempfile::tempdir().unwrap();
    let bad = [b"card\n".to_vec(), b"\xff".to_vec(), csv("a\u{7}")];
    let (register, settled) = life(dir.path(), Some("file-1"), &bad).await;
    assert!(register.stall("file-1").is_some() && settled == [true; 3], "{settled:?}");
    assert!(!file::path(dir.path()).exists());
}

#[tokio::test]
async fn the_operators_file_counts_when_it_changed_since_until_the_platform_sends_another() {
    let dir = tempfile::tempdir().unwrap();
    life(dir.path(), Some("file-1"), &[csv("platform-1")]).await;
    assert_eq!(in_force(dir.path(), Some("file-1")).await, "platform-1");
    assert_eq!(in_force(dir.path(), Some("file-2")).await, "file-2");
    assert_eq!(in_force(dir.path(), None).await, "platform-1", "a file that is gone says nothing");
    let (register, _) = life(dir.path(), Some("file-2"), &[csv("platform-1")]).await;
    assert!(register.stall("file-2").is_some(), "it was sent before the file changed");
    life(dir.path(), Some("file-2"), &[csv("platform-2")]).await;
    assert_eq!(in_force(dir.path(), Some("file-2")).await, "platform-2");
}

#[tokio::test]
async fn what_can_not_be_kept_is_not_in_force_and_comes_again() {
    let dir = tempfile::tempdir().unwrap();
    let (register, settled) = life(&dir.path().join("gone"), None, &[csv("platform-1")]).await;
    assert!(register.is_empty() && settled == [false], "{settled:?}");
}

#[tokio::test]
async fn a_kept_register_that_is_damaged_does_not_stop_a_start() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(file::path(dir.path()), "rubbish").unwrap();
    assert_eq!(in_force(dir.path(), Some("file-1")).await, "file-1");
    let (register, _) = life(dir.path(), None, &[csv("platform-1")]).await;
    assert!(register.stall("platform-1").is_some());
}
