//! Brokers that are killed, links that break or say nothing any more: 0 lost, and events flow again soon.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use patrol_gateway::config::MqttVersion;
use patrol_gateway::mqtt_client::Version;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::mqtt_support::mosquitto::{IN_MEMORY, Mosquitto, ON_EVERY_CHANGE};
use crate::world::{Plan, Platform, records};

/// Events flow again within this time after the broker is back.
const FLOWS_WITHIN: Duration = Duration::from_secs(5);
/// Restarts of the broker. `RESTARTS` in the environment sets another number.
const RESTARTS: u32 = 50;

fn restarts() -> u32 {
    std::env::var("RESTARTS").ok().and_then(|text| text.parse().ok()).unwrap_or(RESTARTS)
}

/// Ends and starts the broker again and again while events flow; each time some more must get through soon.
async fn restart_in_mid_stream(receipts: bool, lines: &str, end: impl Fn(&mut Mosquitto)) {
    let mut broker = Mosquitto::started(lines);
    let platform = Platform::start(broker.addr(), Version::V5, receipts).await;
    let mut plan = Plan::to(broker.addr());
    plan.mqtt.receipts = receipts;
    // What was acknowledged and then lost has no receipt: it is sent again when the time of its batch is up.
    plan.uplink.timeout = Duration::from_secs(1);
    let running = plan.start();
    let rounds = restarts();
    let mut next = 1;
    let (mut sent, mut slowest) = (0, Duration::ZERO);
    for round in 0..rounds {
        let all: Vec<_> = records(next + 299).split_off(next as usize - 1);
        next += 300;
        let drain = running.drain(all);
        tokio::pin!(drain);
        // In the middle of it, at another place each time.
        let pause = tokio::time::sleep(Duration::from_millis(u64::from(round % 7) * 4));
        let early = tokio::select! {
            drained = &mut drain => Some(drained),
            () = pause => None,
        };
        end(&mut broker);
        broker.start();
        let back = Instant::now();
        let drained = match early {
            Some(drained) => drained,
            None => drain.await,
        };
        slowest = slowest.max(back.elapsed());
        assert_eq!(drained.rejected.len(), 0);
        sent += drained.accepted;
    }
    assert_eq!(sent, rounds as usize * 300);
    platform.has(sent).await;
    let twice = platform.seen().values().map(|times| times - 1).sum::<usize>();
    println!(
        "{rounds} restarts, {sent} events, 0 lost, {twice} came twice, slowest after a restart {slowest:?}"
    );
    assert!(slowest < FLOWS_WITHIN, "{slowest:?}");
}

#[tokio::test]
async fn a_broker_that_keeps_what_it_acknowledges_is_restarted_again_and_again_and_nothing_is_lost() {
    // In order: a mosquitto that saves after every change has acknowledged a little more than that when it is killed.
    restart_in_mid_stream(false, ON_EVERY_CHANGE, Mosquitto::end).await;
}

#[tokio::test]
async fn with_receipts_nothing_is_lost_even_at_a_broker_that_is_killed_and_loses_everything_each_time() {
    restart_in_mid_stream(true, IN_MEMORY, Mosquitto::kill).await;
}

/// A link between gateway and broker that a test cuts, or lets nothing through in either direction.
struct Line {
    addr: SocketAddr,
    state: watch::Sender<LineState>,
    _accepting: JoinHandle<()>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineState {
    /// Lets everything through.
    Open,
    /// Closes connections, and refuses new ones.
    Cut,
    /// Takes connections and says nothing.
    Dead,
}

impl Line {
    async fn to(broker: SocketAddr) -> Line {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let addr = listener.local_addr().expect("its address");
        let (state, states) = watch::channel(LineState::Open);
        let states = Arc::new(states);
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, broker, (*states).clone()));
            }
        });
        Line { addr, state, _accepting: accepting }
    }

    fn set(&self, state: LineState) {
        self.state.send_replace(state);
    }
}

/// Carries bytes while the line is open; one that dies stays dead, so that its peers must notice by themselves.
async fn carry(mut client: TcpStream, broker: SocketAddr, mut state: watch::Receiver<LineState>) {
    let now = *state.borrow();
    if now == LineState::Open
        && let Ok(mut broker) = TcpStream::connect(broker).await
    {
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut broker) => return,
            _ = state.wait_for(|state| *state != LineState::Open) => {}
        }
        if *state.borrow() == LineState::Dead {
            // Its sockets stay open: nobody is told anything.
            std::future::pending::<()>().await;
        }
    } else if now == LineState::Dead {
        std::future::pending::<()>().await;
    }
}

#[tokio::test]
async fn over_a_link_that_is_up_and_down_in_turns_everything_gets_through() {
    let broker = Mosquitto::started(IN_MEMORY);
    let platform = Platform::start(broker.addr(), Version::V3, false).await;
    let line = Line::to(broker.addr()).await;
    let mut plan = Plan::to(line.addr);
    plan.mqtt.version = MqttVersion::V3;
    let running = plan.start();
    let drain = running.drain(records(5000));
    tokio::pin!(drain);
    let mut flaps = 0;
    let drained = loop {
        let wait = Duration::from_millis(if flaps % 2 == 0 { 150 } else { 50 });
        tokio::select! {
            drained = &mut drain => break drained,
            () = tokio::time::sleep(wait) => {}
        }
        line.set(if flaps % 2 == 0 { LineState::Cut } else { LineState::Open });
        flaps += 1;
    };
    assert_eq!(drained.accepted, 5000);
    platform.has(5000).await;
    println!("5000 events, {} times down, troubles {}", flaps / 2, drained.troubles.len());
}

#[tokio::test]
async fn a_half_open_link_is_noticed_and_left() {
    let broker = Mosquitto::started(IN_MEMORY);
    let platform = Platform::start(broker.addr(), Version::V5, false).await;
    let line = Line::to(broker.addr()).await;
    let mut plan = Plan::to(line.addr);
    plan.keep_alive_s = 1;
    plan.uplink.timeout = Duration::from_secs(2);
    let mut running = plan.start();
    running.up().await;
    assert_eq!(running.drain(records(10)).await.accepted, 10);
    line.set(LineState::Dead);
    let rest = records(20).split_off(10);
    let drain = running.drain(rest);
    tokio::pin!(drain);
    tokio::select! {
        _ = &mut drain => panic!("nothing gets through"),
        () = tokio::time::sleep(Duration::from_secs(4)) => {}
    }
    line.set(LineState::Open);
    let back = Instant::now();
    assert_eq!(drain.await.accepted, 10);
    assert!(back.elapsed() < FLOWS_WITHIN, "{:?}", back.elapsed());
    platform.has(20).await;
}
