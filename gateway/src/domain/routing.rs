//! Who has subscribed to what: from a topic to those who get its messages, without looking at all of them.

use std::collections::BTreeMap;

use super::topic::Filter;

/// Subscriptions of clients, by filter. `C` is who subscribed, `O` how.
#[derive(Debug)]
pub struct Routes<C, O> {
    root: Node<C, O>,
    count: usize,
}

/// A level of the filters.
#[derive(Debug)]
struct Node<C, O> {
    below: BTreeMap<Box<str>, Node<C, O>>,
    /// Who has subscribed to exactly this filter.
    here: Subscribers<C, O>,
}

#[derive(Debug)]
struct Subscribers<C, O> {
    each: Vec<(C, O)>,
    /// By group: each message goes to one of its members.
    shared: BTreeMap<Box<str>, Group<C, O>>,
}

#[derive(Debug)]
struct Group<C, O> {
    members: Vec<(C, O)>,
    /// Who is asked first for the next message.
    next: usize,
}

impl<C, O> Default for Routes<C, O> {
    fn default() -> Routes<C, O> {
        Routes { root: Node::default(), count: 0 }
    }
}

impl<C, O> Default for Node<C, O> {
    fn default() -> Node<C, O> {
        Node { below: BTreeMap::new(), here: Subscribers { each: Vec::new(), shared: BTreeMap::new() } }
    }
}

impl<C: Clone + PartialEq, O> Routes<C, O> {
    /// True when nobody has subscribed to anything.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a subscription, or replaces the client's subscription to the same filter: then true.
    pub fn insert(&mut self, filter: &Filter, client: C, options: O) -> bool {
        let mut node = &mut self.root;
        for level in filter.selection().split('/') {
            // Looked up first: most levels are there, and a key costs an allocation.
            if !node.below.contains_key(level) {
                node.below.insert(level.into(), Node::default());
            }
            let Some(below) = node.below.get_mut(level) else { return false };
            node = below;
        }
        let members = match filter.group() {
            None => &mut node.here.each,
            Some(group) => &mut node.here.shared.entry(group.into()).or_insert_with(Group::new).members,
        };
        if let Some(known) = members.iter_mut().find(|(known, _)| *known == client) {
            known.1 = options;
            return true;
        }
        members.push((client, options));
        self.count += 1;
        false
    }

    /// Removes a subscription; false when there was none.
    pub fn remove(&mut self, filter: &Filter, client: &C) -> bool {
        let mut levels = filter.selection().split('/');
        let removed = self.root.remove(&mut levels, filter.group(), client);
        self.count -= usize::from(removed);
        removed
    }

    /// Calls `found` for each subscription that selects the topic; of a shared one for one member, the first by turns whom
    /// `takes` accepts, or else the first by turns.
    pub fn select(&mut self, topic: &str, takes: impl Fn(&C) -> bool, mut found: impl FnMut(&C, &O)) {
        let levels: Vec<&str> = topic.split('/').collect();
        self.root.select(&levels, !topic.starts_with('$'), &takes, &mut found);
    }
}

impl<C, O> Group<C, O> {
    fn new() -> Group<C, O> {
        Group { members: Vec::new(), next: 0 }
    }

    fn pick(&mut self, takes: &impl Fn(&C) -> bool) -> Option<&(C, O)> {
        let count = self.members.len();
        let mut turns = (0..count).map(|turn| (self.next + turn) % count);
        let first = turns.clone().next()?;
        let picked = turns.find(|at| takes(&self.members[*at].0)).unwrap_or(first);
        self.next = (picked + 1) % count;
        self.members.get(picked)
    }
}

impl<C: Clone + PartialEq, O> Node<C, O> {
    fn is_empty(&self) -> bool {
        self.below.is_empty() && self.here.each.is_empty() && self.here.shared.is_empty()
    }

    fn remove<'a>(
        &mut self,
        levels: &mut impl Iterator<Item = &'a str>,
        group: Option<&str>,
        client: &C,
    ) -> bool {
        let Some(level) = levels.next() else { return self.here.remove(group, client) };
        let Some(below) = self.below.get_mut(level) else { return false };
        let removed = below.remove(levels, group, client);
        if below.is_empty() {
            self.below.remove(level);
        }
        removed
    }

    fn select(
        &mut self,
        levels: &[&str],
        wildcards: bool,
        takes: &impl Fn(&C) -> bool,
        found: &mut impl FnMut(&C, &O),
    ) {
        if wildcards && let Some(rest) = self.below.get_mut("#") {
            rest.here.select(takes, found);
        }
        let Some((level, rest)) = levels.split_first() else {
            self.here.select(takes, found);
            return;
        };
        if wildcards && let Some(any) = self.below.get_mut("+") {
            any.select(rest, true, takes, found);
        }
        if let Some(below) = self.below.get_mut(*level) {
            below.select(rest, true, takes, found);
        }
    }
}

impl<C: Clone + PartialEq, O> Subscribers<C, O> {
    fn remove(&mut self, group: Option<&str>, client: &C) -> bool {
        let Some(group) = group else { return remove(&mut self.each, client) };
        let Some(members) = self.shared.get_mut(group) else { return false };
        let removed = remove(&mut members.members, client);
        if members.members.is_empty() {
            self.shared.remove(group);
        }
        removed
    }

    fn select(&mut self, takes: &impl Fn(&C) -> bool, found: &mut impl FnMut(&C, &O)) {
        self.each.iter().for_each(|(client, options)| found(client, options));
        for group in self.shared.values_mut() {
            if let Some((client, options)) = group.pick(takes) {
                found(client, options);
            }
        }
    }
}

fn remove<C: PartialEq, O>(members: &mut Vec<(C, O)>, client: &C) -> bool {
    let before = members.len();
    members.retain(|(known, _)| known != client);
    members.len() < before
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::topic::{TopicLimits, check_name};

    const LIMITS: TopicLimits = TopicLimits { bytes_max: 64, levels_max: 8 };

    fn filter(text: &str) -> Filter {
        Filter::parse(text, LIMITS).unwrap()
    }

    fn selected(routes: &mut Routes<u8, ()>, topic: &str) -> Vec<u8> {
        let mut clients = Vec::new();
        routes.select(topic, |_| true, |client, ()| clients.push(*client));
        clients.sort_unstable();
        clients
    }

    #[test]
    fn the_members_of_a_group_take_turns_and_those_who_are_away_are_passed_over() {
        let mut routes = Routes::default();
        for client in 1..=3u8 {
            routes.insert(&filter("$share/g/a"), client, ());
        }
        let turns: Vec<_> = (0..6).flat_map(|_| selected(&mut routes, "a")).collect();
        assert_eq!(turns, [1, 2, 3, 1, 2, 3]);
        let mut found = Vec::new();
        for _ in 0..3 {
            routes.select("a", |client| *client == 2, |client, ()| found.push(*client));
        }
        assert_eq!(found, [2, 2, 2]);
        routes.select("a", |_| false, |client, ()| found.push(*client));
        assert_eq!(found.len(), 4, "nobody is there: it waits for one of them");
    }

    proptest! {
        /// The tree selects exactly whom a look at each filter selects, also after some have gone; and nothing is left of all.
        #[test]
        fn the_tree_is_the_same_as_looking_at_each_filter(
            filters in proptest::collection::vec(("(\\$?[ab+]/){0,3}[ab+#]", 0u8..4), 0..12),
            gone in proptest::collection::vec(any::<bool>(), 12),
            topics in proptest::collection::vec("(\\$?[ab]/){0,3}[ab]", 8),
        ) {
            let mut routes = Routes::default();
            let mut plain: Vec<(Filter, u8)> = Vec::new();
            for (text, client) in &filters {
                let Ok(filter) = Filter::parse(text, LIMITS) else { continue };
                let known = plain.contains(&(filter.clone(), *client));
                prop_assert_eq!(routes.insert(&filter, *client, ()), known);
                if !known {
                    plain.push((filter, *client));
                }
            }
            let leaving: Vec<_> = plain.iter().zip(&gone).filter(|(_, gone)| **gone).map(|(one, _)| one.clone()).collect();
            for (filter, client) in &leaving {
                prop_assert!(routes.remove(filter, client) && !routes.remove(filter, client));
            }
            plain.retain(|one| !leaving.contains(one));
            for topic in topics.iter().filter(|topic| check_name(topic, LIMITS).is_ok()) {
                let mut expected: Vec<u8> =
                    plain.iter().filter(|(filter, _)| filter.matches(topic)).map(|(_, client)| *client).collect();
                expected.sort_unstable();
                prop_assert_eq!(selected(&mut routes, topic), expected, "{}", topic);
            }
            for (filter, client) in plain {
                prop_assert!(routes.remove(&filter, &client));
            }
            prop_assert!(routes.is_empty() && routes.root.is_empty());
        }
    }
}
