//! Keeps a table of the live episodes by their id, their age and their number. It has no clock and is told the time.
//!
//! One short lock guards the table. It is never held while an episode steps, since each episode has a lock of its own.

use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hashlink::LinkedHashMap;

use crate::serve::error::Full;

/// The limits of a table.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The time without use after which an episode expires.
    pub ttl: Duration,
    /// The largest number of episodes, those of sockets included.
    pub most: usize,
}

/// A table of episodes by id. An episode is in use while a request holds it, and idle otherwise.
#[derive(Debug)]
pub(crate) struct EpisodeTable<T> {
    limits: Limits,
    /// Whether an episode must not make room for others. It is asked under the locks of the table and of the episode.
    stays: fn(&T) -> bool,
    table: Mutex<Table<T>>,
}

/// The reason for which an episode is not kept.
#[derive(Debug)]
pub(crate) enum NotPut<T> {
    /// The table has no room.
    Full(Full),
    /// The id belongs to this episode, which keeps it.
    Taken(Arc<Mutex<T>>),
}

impl<T> From<Full> for NotPut<T> {
    fn from(full: Full) -> Self {
        Self::Full(full)
    }
}

/// Locks an episode. No code under this lock is known to panic; if any did, a poisoned lock must not spread the failure.
fn locked<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Debug)]
struct Table<T> {
    /// The slots, in the order of their last use.
    slots: LinkedHashMap<Arc<str>, Slot<T>, RandomState>,
    /// The latest time that the table was told, since threads may tell it out of order.
    now: Duration,
    /// The id of the episode that was reset last.
    last: Option<Arc<str>>,
    /// The number of places that sockets hold.
    places: usize,
}

#[derive(Debug)]
struct Slot<T> {
    value: Arc<Mutex<T>>,
    used: Duration,
}

impl<T> Slot<T> {
    /// Returns whether no request holds the episode. It may be called under the table's lock only, where nobody can
    /// take a new handle.
    fn is_idle(&self) -> bool {
        Arc::strong_count(&self.value) == 1
    }
}

impl<T> EpisodeTable<T> {
    /// Makes an empty table, in which the episodes that `stays` names do not make room for others.
    pub(crate) fn new(limits: Limits, stays: fn(&T) -> bool) -> Self {
        let table = Table { slots: LinkedHashMap::default(), now: Duration::ZERO, last: None, places: 0 };
        Self { limits, stays, table: Mutex::new(table) }
    }

    /// Returns the limits of the table.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// Keeps an episode under an id, in place of an earlier one with that id. It is then the episode that was reset
    /// last.
    ///
    /// # Errors
    /// Returns an error if the table has no room and no episode can make room.
    pub(crate) fn put(&self, id: &str, value: T, now: Duration) -> Result<Arc<Mutex<T>>, Full> {
        self.at(now).insert(id, value, self.limits, self.stays)
    }

    /// Keeps an episode as [`Self::put`] does, unless `keeps` says of an earlier one that it keeps its id. It is asked
    /// under the locks of the table and of the earlier episode.
    ///
    /// # Errors
    /// Returns an error if the id is taken, or if the table has no room and no episode can make room.
    pub(crate) fn put_unless(
        &self,
        id: &str,
        value: T,
        now: Duration,
        keeps: impl FnOnce(&T) -> bool,
    ) -> Result<Arc<Mutex<T>>, NotPut<T>> {
        let mut table = self.at(now);
        // The lock of an episode is taken under that of the table, and never the other way around.
        if let Some(slot) = table.slots.get(id)
            && keeps(&locked(&slot.value))
        {
            let earlier = Arc::clone(&slot.value);
            table.touch(id);
            return Err(NotPut::Taken(earlier));
        }
        Ok(table.insert(id, value, self.limits, self.stays)?)
    }

    /// Returns the episode with this id, which counts as a use of it.
    pub(crate) fn get(&self, id: &str, now: Duration) -> Option<Arc<Mutex<T>>> {
        self.at(now).touch(id)
    }

    /// Drops the episode of an id before its time.
    pub(crate) fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    /// Returns the episode that was reset last, while it is alive.
    pub(crate) fn last(&self, now: Duration) -> Option<Arc<Mutex<T>>> {
        let mut table = self.at(now);
        let id = table.last.clone()?;
        table.touch(&id)
    }

    /// Takes a place for an episode that only its owner can reach, until the place is dropped.
    ///
    /// # Errors
    /// Returns an error if the table has no room and no episode can make room.
    pub(crate) fn occupy(self: &Arc<Self>, now: Duration) -> Result<Place<T>, Full> {
        let mut table = self.at(now);
        table.make_room(self.limits, self.stays)?;
        table.places += 1;
        Ok(Place(Arc::clone(self)))
    }

    /// Drops the episodes that have expired, and returns how many are left.
    pub(crate) fn sweep(&self, now: Duration) -> usize {
        self.at(now).active()
    }

    /// Locks the table as it is at a time, without the episodes that have expired by then.
    fn at(&self, now: Duration) -> MutexGuard<'_, Table<T>> {
        let mut table = self.lock();
        table.now = table.now.max(now);
        table.expire(self.limits.ttl);
        table
    }

    /// Locks the table. No code under this lock can panic half-way through a change.
    fn lock(&self) -> MutexGuard<'_, Table<T>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Table<T> {
    fn active(&self) -> usize {
        self.slots.len() + self.places
    }

    fn touch(&mut self, id: &str) -> Option<Arc<Mutex<T>>> {
        let slot = self.slots.to_back(id)?;
        slot.used = self.now;
        Some(Arc::clone(&slot.value))
    }

    fn insert(&mut self, id: &str, value: T, limits: Limits, stays: fn(&T) -> bool) -> Result<Arc<Mutex<T>>, Full> {
        // The place of an earlier episode with this id is freed first, also if the table is full.
        self.remove(id);
        self.make_room(limits, stays)?;
        let id: Arc<str> = id.into();
        let value = Arc::new(Mutex::new(value));
        self.slots.insert(Arc::clone(&id), Slot { value: Arc::clone(&value), used: self.now });
        self.last = Some(id);
        Ok(value)
    }

    fn remove(&mut self, id: &str) {
        self.slots.remove(id);
        if self.last.as_deref() == Some(id) {
            self.last = None;
        }
    }

    fn expire(&mut self, ttl: Duration) {
        while let Some((id, slot)) = self.slots.front() {
            if slot.used + ttl > self.now {
                break;
            }
            let (id, idle) = (Arc::clone(id), slot.is_idle());
            if idle {
                self.remove(&id);
            } else {
                // A request that takes this long is still using the episode.
                self.touch(&id);
            }
        }
    }

    fn make_room(&mut self, limits: Limits, stays: fn(&T) -> bool) -> Result<(), Full> {
        if self.active() < limits.most {
            return Ok(());
        }
        let leaves = |slot: &Slot<T>| slot.is_idle() && !stays(&locked(&slot.value));
        match self.slots.iter().find(|(_, slot)| leaves(slot)).map(|(id, _)| Arc::clone(id)) {
            Some(id) => {
                self.remove(&id);
                Ok(())
            }
            None => Err(Full { active: self.active(), most: limits.most }),
        }
    }
}

/// A place in the table, which is given back when this value is dropped.
#[derive(Debug)]
pub(crate) struct Place<T>(Arc<EpisodeTable<T>>);

impl<T> Drop for Place<T> {
    fn drop(&mut self) {
        self.0.lock().places -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    /// Values from here on do not make room for others.
    const STAYS: u32 = 1000;

    fn table(ttl: u64, most: usize) -> Arc<EpisodeTable<u32>> {
        Arc::new(EpisodeTable::new(Limits { ttl: seconds(ttl), most }, |value| *value >= STAYS))
    }

    fn read(value: Option<Arc<Mutex<u32>>>) -> Option<u32> {
        value.map(|value| *value.lock().unwrap())
    }

    #[test]
    fn use_keeps_an_episode_alive() {
        let table = table(10, 5);
        table.put("a", 1, seconds(0)).unwrap();
        assert_eq!(read(table.get("a", seconds(9))), Some(1));
        assert_eq!(read(table.get("a", seconds(18))), Some(1));
        assert_eq!(read(table.last(seconds(27))), Some(1));
        assert_eq!(read(table.get("a", seconds(37))), None);
        assert_eq!(read(table.last(seconds(37))), None);
    }

    #[test]
    fn what_a_request_holds_neither_expires_nor_makes_room() {
        let table = table(10, 1);
        let held = table.put("a", 1, seconds(0)).unwrap();
        assert_eq!(table.put("b", 2, seconds(100)).unwrap_err(), Full { active: 1, most: 1 });
        assert_eq!(table.occupy(seconds(100)).unwrap_err(), Full { active: 1, most: 1 });
        // The same id takes its own place.
        drop(table.put("a", 3, seconds(100)).unwrap());
        drop(held);
        table.put("b", 2, seconds(100)).unwrap();
        assert_eq!(read(table.get("a", seconds(100))), None);
    }

    #[test]
    fn sockets_take_places_and_give_them_back() {
        let table = table(10, 2);
        table.put("a", 1, seconds(0)).unwrap();
        let first = table.occupy(seconds(0)).unwrap();
        let second = table.occupy(seconds(0)).unwrap();
        assert_eq!(read(table.get("a", seconds(0))), None, "the idle one made room");
        assert_eq!(table.put("b", 1, seconds(50)).unwrap_err(), Full { active: 2, most: 2 });
        drop((first, second));
        assert_eq!(table.sweep(seconds(50)), 0);
    }

    #[test]
    fn what_stays_expires_and_makes_no_room() {
        let table = table(10, 2);
        table.put("a", STAYS, seconds(0)).unwrap();
        table.put("b", 1, seconds(0)).unwrap();
        table.put("c", STAYS, seconds(1)).unwrap();
        assert_eq!(read(table.get("b", seconds(1))), None, "the older one stays");
        assert_eq!(table.put("d", 1, seconds(2)).unwrap_err(), Full { active: 2, most: 2 });
        assert_eq!(table.occupy(seconds(2)).unwrap_err(), Full { active: 2, most: 2 });
        table.put("d", 1, seconds(10)).unwrap();
        assert_eq!((read(table.get("a", seconds(10))), read(table.get("c", seconds(10)))), (None, Some(STAYS)));
    }

    #[test]
    fn an_id_that_is_kept_is_not_given_to_another() {
        let table = table(10, 2);
        table.put("a", 1, seconds(0)).unwrap();
        let Err(NotPut::Taken(earlier)) = table.put_unless("a", 2, seconds(1), |value| *value == 1) else {
            panic!("taken")
        };
        assert_eq!(read(Some(earlier)), Some(1));
        table.put_unless("a", 2, seconds(2), |value| *value != 1).unwrap();
        assert_eq!(read(table.get("a", seconds(2))), Some(2));
    }

    #[derive(Debug, Clone)]
    enum Op {
        Put(u8),
        Get(u8),
        Last,
        Wait(u64),
    }

    fn op() -> impl Strategy<Value = Op> {
        prop_oneof![
            (0..6_u8).prop_map(Op::Put),
            (0..6_u8).prop_map(Op::Get),
            Just(Op::Last),
            (0..8_u64).prop_map(Op::Wait)
        ]
    }

    proptest! {
        /// Compares the table with a list that has the oldest use first, which is slow and obviously correct.
        #[test]
        fn it_is_a_list_by_last_use(ops in prop::collection::vec(op(), 0..80), most in 1_usize..5) {
            const TTL: u64 = 10;
            let table = table(TTL, most);
            let mut list: Vec<(u8, u32, u64)> = Vec::new();
            let (mut now, mut last, mut value) = (0, None, 0);
            for op in ops {
                list.retain(|(_, _, used)| used + TTL > now);
                let mut touch = |id: u8| {
                    let at = list.iter().position(|(known, ..)| *known == id)?;
                    let (_, value, _) = list.remove(at);
                    list.push((id, value, now));
                    Some(value)
                };
                match op {
                    Op::Wait(time) => now += time,
                    Op::Get(id) => prop_assert_eq!(read(table.get(&id.to_string(), seconds(now))), touch(id)),
                    Op::Last => {
                        let expected: Option<u32> = last.and_then(&mut touch);
                        prop_assert_eq!(read(table.last(seconds(now))), expected);
                    }
                    Op::Put(id) => {
                        value += 1;
                        drop(table.put(&id.to_string(), value, seconds(now)).unwrap());
                        list.retain(|(known, ..)| *known != id);
                        if list.len() == most {
                            list.remove(0);
                        }
                        list.push((id, value, now));
                        last = Some(id);
                    }
                }
                list.retain(|(_, _, used)| used + TTL > now);
                prop_assert_eq!(table.sweep(seconds(now)), list.len());
            }
        }
    }
}
