//! The connections that have not said yet who they are: bounded in number and in time.
//!
//! When there is one too many, the oldest from the neighbourhood with the most of them is closed. Waiting instead would
//! hand the door to whoever opens connections and says nothing; closing the oldest of all would let a flood from one place
//! push out a slow device from another. [0018](../../../../docs/decisions/0018-transports-and-limits.md).

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

use tokio::time::{self, Instant};
use tokio_util::sync::CancellationToken;

use crate::mqtt::end::End;

/// The list of them, kept by the accept loop.
#[derive(Debug)]
pub(in crate::mqtt) struct Unauthenticated {
    max: usize,
    /// In the order in which they came; cancelled ones have left.
    present: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    neighbourhood: IpAddr,
    left: CancellationToken,
    closed: CancellationToken,
}

/// A place among them. Dropping it leaves: the connection has a name now, or has ended.
#[derive(Debug)]
pub(in crate::mqtt) struct Place {
    deadline: Instant,
    left: CancellationToken,
    closed: CancellationToken,
}

impl Unauthenticated {
    pub(in crate::mqtt) fn new(max: usize) -> Unauthenticated {
        Unauthenticated { max, present: Vec::new() }
    }

    /// A place for one more. When there are too many then, another one is told to close.
    pub(in crate::mqtt) fn enter(&mut self, address: IpAddr, deadline: Instant) -> Place {
        self.present.retain(|entry| !entry.left.is_cancelled());
        let (left, closed) = (CancellationToken::new(), CancellationToken::new());
        let neighbourhood = neighbourhood(address);
        self.present.push(Entry { neighbourhood, left: left.clone(), closed: closed.clone() });
        if self.present.len() > self.max {
            let entry = self.present.remove(self.most_crowded());
            entry.closed.cancel();
        }
        Place { deadline, left, closed }
    }

    /// The oldest entry of the neighbourhood with the most; of several, of the one whose oldest is oldest.
    fn most_crowded(&self) -> usize {
        let mut crowds = HashMap::new();
        for entry in &self.present {
            *crowds.entry(entry.neighbourhood).or_insert(0) += 1;
        }
        let most = crowds.values().max();
        self.present.iter().position(|entry| crowds.get(&entry.neighbourhood) == most).unwrap_or(0)
    }
}

impl Place {
    /// Does something that an unauthenticated connection may do, as long as it may.
    pub(in crate::mqtt) async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, End>>,
    ) -> Result<T, End> {
        tokio::select! {
            done = time::timeout_at(self.deadline, work) => done.unwrap_or(Err(End::ConnectTimeout)),
            () = self.closed.cancelled() => Err(End::Crowded),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.left.cancel();
    }
}

/// What one subscriber to the internet has of its own: an IPv4 address, or an IPv6 network of 64 bits.
fn neighbourhood(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn at(host: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, host])
    }

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn addresses_of_one_subscriber_are_one_neighbourhood() {
        let of = |text: &str| neighbourhood(text.parse().unwrap());
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("10.0.0.1"), of("10.0.0.2"));
        assert_eq!(of("::ffff:10.0.0.1"), of("10.0.0.1"));
    }

    #[tokio::test]
    async fn work_is_cut_short_by_the_deadline_and_by_the_crowd() {
        let mut list = Unauthenticated::new(1);
        let endless = || std::future::pending::<Result<(), End>>();
        let first = list.enter(at(1), later());
        assert_eq!(first.within(async { Ok(7) }).await, Ok(7));
        let second = list.enter(at(1), Instant::now());
        assert_eq!(first.within(endless()).await, Err(End::Crowded));
        assert_eq!(second.within(endless()).await, Err(End::ConnectTimeout));
    }

    proptest! {
        /// A flood from one place never closes the one connection of another place, and the bound holds.
        #[test]
        fn a_flood_closes_only_its_own(max in 2..20_usize, hosts in prop::collection::vec(0..3_u8, 1..200)) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let _guard = runtime.enter();
            let mut list = Unauthenticated::new(max);
            let good = list.enter(at(200), later());
            let mut places = Vec::new();
            for host in hosts {
                places.push(list.enter(at(host), later()));
                if host == 2 {
                    places.pop(); // it has said who it is
                }
                let is_open = |place: &&Place| !place.closed.is_cancelled();
                let open = places.iter().chain([&good]).filter(is_open).count();
                prop_assert!(open <= max);
            }
            // With room for one of each place somebody has two before anybody must go.
            prop_assert!(!good.closed.is_cancelled() || max < 4);
        }
    }
}
