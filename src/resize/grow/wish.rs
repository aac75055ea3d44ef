//! Who waits, in the terms that packing needs: dense amounts and what ties it to other pods.

use std::collections::BTreeSet;

use foldhash::{HashMap, HashMapExt};

use crate::resize::offer::Offer;
use crate::scheduling::node::ATTACHABLE;
use crate::scheduling::{Attached, ClassId, NodeId, State, Ties};

use super::{Demand, Helpless, Waiting};

/// What anybody who waits takes of a machine. Amounts are kept in this order: resources, the number of pods, volumes.
#[derive(Debug, Clone, Default)]
pub(super) struct Measure {
    pub places: Vec<usize>,
    /// Drivers that attach only so many volumes to a machine, and how many those who wait want of each.
    pub drivers: Vec<(String, i64)>,
    /// By class and driver: volumes that nobody else who waits shares. The others are left to the rules.
    volumes: HashMap<ClassId, Vec<i64>>,
    /// Some volumes that machines attach are not counted.
    uncounted: bool,
    /// What pods of the burst take, and how many take just that.
    pub demand: Vec<(Vec<i64>, u32)>,
}

/// A volume that pods of a class want attached, and how many pods there are.
type Wanted<'a> = (Attached<'a>, ClassId, u32);

/// Pods of a class that have no place yet.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub class: ClassId,
    pub pods: u32,
    pub priority: i32,
    pub amounts: Vec<i64>,
    pub ties: Ties,
}

impl Wish {
    fn of(state: &State, measure: &Measure, class: ClassId, pods: u32) -> Self {
        let mut ties = state.ties(class);
        ties.near |= measure.asks_about_volumes(state, class);
        Self {
            class,
            pods,
            priority: state.content(class).priority,
            amounts: measure.amounts(state, class),
            ties,
        }
    }
}

impl Measure {
    fn of(
        state: &State,
        waiting: &[Waiting],
        volumes: &[Wanted],
        demand: &Demand,
        offers: &[Offer],
    ) -> Self {
        let mut places: Vec<usize> = Vec::new();
        for Waiting { class, .. } in waiting {
            for (place, _) in state.requests(*class) {
                if !places.contains(place) {
                    places.push(*place);
                }
            }
        }
        places.sort_unstable();
        let mut measure = Self {
            places,
            ..Self::default()
        };
        measure.count_volumes(state, volumes, offers);
        let amounts = |asked| {
            let no_volumes = measure.drivers.iter().map(|_| 0);
            measure.sizes_of(asked).chain(no_volumes).collect()
        };
        let demand = demand.iter();
        measure.demand = demand.map(|(it, pods)| (amounts(it), *pods)).collect();
        measure
    }

    fn count_volumes(&mut self, state: &State, wanted: &[Wanted], offers: &[Offer]) {
        let amounts = offers.iter().flat_map(|offer| &offer.node.allocatable);
        let limited = amounts.filter_map(|(name, _)| name.strip_prefix(ATTACHABLE));
        let limited: BTreeSet<&str> = limited.collect();
        if limited.is_empty() {
            return;
        }
        let wanted = wanted.iter();
        let wanted = wanted.filter(|((driver, _), ..)| limited.contains(driver));
        let wanted: Vec<&Wanted> = wanted.collect();
        let mut users: HashMap<Attached, u32> = HashMap::with_capacity(wanted.len());
        for (volume, _, pods) in wanted.iter().copied() {
            let users = users.entry(*volume).or_default();
            *users = users.saturating_add(*pods);
        }
        let volumes = users.len();
        users.retain(|_, users| *users == 1);
        let mut daemons = offers.iter().flat_map(|offer| &offer.daemons);
        let of_daemons = daemons.any(|daemon| !state.content(*daemon).claims.is_empty());
        self.uncounted = of_daemons || users.len() < volumes;
        let drivers = users.keys().map(|(driver, _)| *driver);
        let drivers: Vec<&str> = drivers.collect::<BTreeSet<_>>().into_iter().collect();
        self.drivers = drivers.iter().map(|it| ((*it).to_owned(), 0)).collect();
        for (volume, class, _) in wanted {
            let driver = drivers.binary_search(&volume.0);
            if let Some(driver) = driver.ok().filter(|_| users.contains_key(volume)) {
                let none = || vec![0; drivers.len()];
                self.volumes.entry(*class).or_insert_with(none)[driver] += 1;
                self.drivers[driver].1 += 1;
            }
        }
    }

    /// How many amounts there are, the number of pods and the volumes included.
    pub(super) fn width(&self) -> usize {
        self.sizes() + self.drivers.len()
    }

    /// How many of the amounts tell how large a machine is: volumes do not.
    pub(super) fn sizes(&self) -> usize {
        self.places.len() + 1
    }

    /// What one pod of the class takes.
    pub(super) fn amounts(&self, state: &State, class: ClassId) -> Vec<i64> {
        self.each(state, class).collect()
    }

    /// Whether room says nothing about volumes of the class: each machine has to be asked.
    fn asks_about_volumes(&self, state: &State, class: ClassId) -> bool {
        let volumes = self.volumes.get(&class).into_iter().flatten();
        let counted: i64 = volumes.sum();
        let claims = state.content(class).claims.len();
        claims > 0 && (self.uncounted || i64::try_from(claims).is_ok_and(|all| counted < all))
    }

    /// Whether there is room for one pod of the class.
    pub(super) fn has_room(&self, state: &State, class: ClassId, room: &[i64]) -> bool {
        let mut rooms = self.each(state, class).zip(room);
        rooms.all(|(amount, room)| amount <= *room || amount == 0)
    }

    fn each(&self, state: &State, class: ClassId) -> impl Iterator<Item = i64> {
        let volumes = self.volumes.get(&class).into_iter().flatten();
        let volumes = volumes.copied().chain(std::iter::repeat(0));
        let sizes = self.sizes_of(state.requests(class));
        sizes.chain(volumes.take(self.drivers.len()))
    }

    fn sizes_of(&self, asked: &[(usize, i64)]) -> impl Iterator<Item = i64> {
        let amount = |place: &usize| {
            let asked = asked.iter().find(|(asked, _)| asked == place);
            asked.map_or(0, |(_, amount)| *amount)
        };
        self.places.iter().map(amount).chain([1])
    }

    /// Appends what is free on a node that is there. How many volumes it attaches more is left to the rules.
    pub(super) fn push_room(&self, state: &State, node: NodeId, room: &mut Vec<i64>) {
        state.push_room(node, &self.places, room);
        room.extend(self.drivers.iter().map(|_| i64::MAX));
    }

    /// What a machine of the offer has for its pods, daemons included.
    pub(super) fn holds(&self, state: &State, offer: &Offer) -> Vec<i64> {
        let all = |name: &str| offer.node.allocatable.get(name).copied();
        let places = self.places.iter().map(|place| state.resource_name(*place));
        let sizes = places
            .chain(["pods"])
            .map(|name| all(name).unwrap_or_default());
        let volumes = self.drivers.iter().map(|(driver, wanted)| {
            let limit = all(&format!("{ATTACHABLE}{driver}"));
            limit.map_or(*wanted, |limit| limit.min(*wanted))
        });
        sizes.chain(volumes).collect()
    }

    /// What an amount is of, by its place.
    pub(super) fn name(&self, state: &State, place: usize) -> String {
        if let Some(resource) = self.places.get(place) {
            return state.resource_name(*resource).to_owned();
        }
        let driver = place.checked_sub(self.sizes());
        let driver = driver.and_then(|place| self.drivers.get(place));
        driver.map_or("pods".to_owned(), |(driver, _)| {
            format!("volumes of {driver}")
        })
    }
}

/// Who waits, by priority; those that may not be scheduled at all are told apart.
pub(super) fn read(
    state: &State,
    waiting: &[Waiting],
    demand: &Demand,
    offers: &[Offer],
) -> (Measure, Vec<Wish>, Vec<Helpless>) {
    let mut sorted = waiting.to_vec();
    sorted.retain(|waiting| waiting.pods > 0);
    sorted.sort_by_key(|waiting| waiting.class);
    sorted.dedup_by(|next, first| {
        let same = next.class == first.class;
        first.pods = first.pods.saturating_add(if same { next.pods } else { 0 });
        same
    });
    let (mut asked, mut wanted, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for it in sorted {
        match state.ask(it.class) {
            Ok(inquiry) => {
                let volumes = inquiry.attached().iter();
                wanted.extend(volumes.map(|volume| (*volume, it.class, it.pods)));
                asked.push(it);
            }
            Err(why) => refused.push(Helpless {
                class: it.class,
                pods: it.pods,
                why,
            }),
        }
    }
    let measure = Measure::of(state, &asked, &wanted, demand, offers);
    let wish = |it: &Waiting| Wish::of(state, &measure, it.class, it.pods);
    let mut wishes: Vec<Wish> = asked.iter().map(wish).collect();
    sort(&mut wishes);
    (measure, wishes, refused)
}

/// Higher priority first; then those with rules, who have less choice; then the large ones.
fn sort(wishes: &mut [Wish]) {
    let width = wishes.first().map_or(0, |wish| wish.amounts.len());
    let most = |r: usize| wishes.iter().map(|wish| wish.amounts[r]).max();
    let most: Vec<i64> = (0..width).map(|r| most(r).unwrap_or(1).max(1)).collect();
    let size = |wish: &Wish| {
        let parts = wish.amounts.iter().zip(&most);
        let parts = parts.map(|(amount, most)| i128::from(*amount) * 1_000_000 / i128::from(*most));
        parts.max().unwrap_or_default()
    };
    wishes.sort_by_cached_key(|wish| {
        (
            -i64::from(wish.priority),
            wish.ties.is_free(),
            -size(wish),
            wish.class,
        )
    });
}

/// Whether there is room for one.
pub(super) fn holds(room: &[i64], amounts: &[i64]) -> bool {
    room.iter()
        .zip(amounts)
        .all(|(room, amount)| amount <= room || *amount == 0)
}

/// For how many there is room.
pub(super) fn times(room: &[i64], amounts: &[i64]) -> u32 {
    let asked = room.iter().zip(amounts).filter(|(_, amount)| **amount > 0);
    let times = asked.map(|(room, amount)| room.div_euclid(*amount).max(0));
    let times = times.min().unwrap_or_default();
    u32::try_from(times).unwrap_or(u32::MAX)
}

/// Adds so many times the amounts, or takes them off below zero.
pub(super) fn add(total: &mut [i64], amounts: &[i64], times: i64) {
    for (total, amount) in total.iter_mut().zip(amounts) {
        *total = total.saturating_add(amount.saturating_mul(times));
    }
}
