//! Each fault does what it says, to open connections and to new ones.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, timeout};

use super::*;

/// Whatever is awaited comes within this time.
const SOON: Duration = Duration::from_secs(20);
/// What does not come within this time is taken not to come at all.
const NEVER: Duration = Duration::from_millis(100);

/// A proxy in front of something that sends everything back.
async fn proxy() -> Proxy {
    let echo = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let to = echo.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = echo.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    });
    Proxy::start(([127, 0, 0, 1], 0).into(), &to).await.unwrap()
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.addr()).await.unwrap()
}

/// Sends and reads back; the bytes that came until the connection ended or nothing came any more.
async fn echo(stream: &mut TcpStream, sent: &[u8], within: Duration) -> Vec<u8> {
    let mut back = vec![0; sent.len()];
    let mut got = 0;
    let exchange = async {
        stream.write_all(sent).await.ok();
        while got < sent.len() {
            match stream.read(&mut back[got..]).await {
                Ok(0) | Err(_) => break,
                Ok(len) => got += len,
            }
        }
    };
    let _ = timeout(within, exchange).await;
    back.truncate(got);
    back
}

#[tokio::test]
async fn without_a_fault_everything_passes_both_ways_and_is_counted() {
    let proxy = proxy().await;
    let sent = vec![7; 3 * PIECE_BYTES];
    assert_eq!(echo(&mut connect(&proxy).await, &sent, SOON).await, sent);
    let counts = proxy.counts();
    let all = sent.len() as u64;
    assert_eq!((counts.connections, counts.up_bytes, counts.down_bytes), (1, all, all), "{counts:?}");
}

#[tokio::test]
async fn a_black_hole_keeps_connections_and_what_was_on_its_way_comes_afterwards() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    assert_eq!(echo(&mut stream, b"before", SOON).await, b"before");
    proxy.set_fault(Fault::Blackhole).await;
    assert_eq!(echo(&mut stream, b"during", NEVER).await, b"");
    let mut new = connect(&proxy).await;
    assert_eq!(echo(&mut new, b"during", NEVER).await, b"");
    proxy.set_fault(Fault::Normal).await;
    assert_eq!(echo(&mut stream, b"", SOON).await, b"");
    let mut late = [0; 6];
    timeout(SOON, stream.read_exact(&mut late)).await.unwrap().unwrap();
    assert_eq!(&late, b"during");
}

#[tokio::test]
async fn a_closed_port_cuts_what_is_open_and_refuses_what_is_new_until_it_opens() {
    let proxy = proxy().await;
    let mut stream = connect(&proxy).await;
    assert_eq!(echo(&mut stream, b"before", SOON).await, b"before");
    proxy.set_fault(Fault::Refuse).await;
    assert_eq!(echo(&mut stream, b"after", SOON).await, b"");
    assert!(TcpStream::connect(proxy.addr()).await.is_err());
    proxy.set_fault(Fault::Normal).await;
    assert_eq!(echo(&mut connect(&proxy).await, b"again", SOON).await, b"again");
}

#[tokio::test]
async fn a_cut_comes_after_exactly_so_many_bytes_in_its_direction() {
    let proxy = proxy().await;
    for direction in [Direction::Up, Direction::Down] {
        proxy.set_fault(Fault::Cut { after_bytes: 5, direction }).await;
        let back = echo(&mut connect(&proxy).await, b"123456789", SOON).await;
        // Cut on the way up, the echo of the five may not come back any more.
        assert!(b"12345".starts_with(&back) && (direction == Direction::Up || back.len() == 5), "{back:?}");
    }
}

#[tokio::test]
async fn what_is_swallowed_never_comes_and_the_other_direction_works() {
    let proxy = proxy().await;
    for direction in [Direction::Up, Direction::Down] {
        proxy.set_fault(Fault::Swallow { direction }).await;
        let before = proxy.counts();
        assert_eq!(echo(&mut connect(&proxy).await, b"lost", NEVER).await, b"");
        let up = proxy.counts().up_bytes - before.up_bytes;
        assert_eq!(up, if direction == Direction::Up { 0 } else { 4 });
    }
}

#[tokio::test]
async fn a_delay_and_a_rate_take_their_time() {
    let proxy = proxy().await;
    for fault in [Fault::Delay { ms: 100 }, Fault::Rate { bytes_per_s: 1000, direction: None }] {
        proxy.set_fault(fault.clone()).await;
        let start = Instant::now();
        let sent = vec![1; 200];
        assert_eq!(echo(&mut connect(&proxy).await, &sent, SOON).await, sent);
        assert!(start.elapsed() >= Duration::from_millis(200), "{fault:?}: {:?}", start.elapsed());
    }
}

#[tokio::test]
async fn a_flapping_link_works_and_refuses_by_turns() {
    let proxy = proxy().await;
    proxy.set_fault(Fault::Flap { up_ms: 50, down_ms: 50, bytes_per_s: None }).await;
    let (mut worked, mut refused, start) = (0, 0, Instant::now());
    while (worked < 3 || refused < 3) && start.elapsed() < SOON {
        match TcpStream::connect(proxy.addr()).await {
            Ok(mut stream) => worked += u32::from(echo(&mut stream, b"up", NEVER).await == b"up"),
            Err(_) => refused += 1,
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(worked >= 3 && refused >= 3, "{worked} {refused}");
}

#[tokio::test]
async fn faults_are_set_and_shown_by_http() {
    let proxy = proxy().await;
    let (addr, serving) = control::serve(([127, 0, 0, 1], 0).into(), proxy.clone()).await.unwrap();
    tokio::spawn(serving);
    let client = crate::local_http::client().unwrap();
    let fault = serde_json::json!({"mode": "cut", "after_bytes": 9, "direction": "down"});
    let answer = client.post(format!("http://{addr}/")).json(&fault).send().await.unwrap();
    let told: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(told["fault"], fault);
    assert_eq!(proxy.fault(), Fault::Cut { after_bytes: 9, direction: Direction::Down });
}
