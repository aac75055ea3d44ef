//! The choice of machines as a problem of packing alone: what bounds are computed for.

use std::collections::{BTreeMap, HashMap};

use crate::resize::bounds::{Bin, Item, Problem};
use crate::scheduling::Apart;

use super::kinds::{Kind, Part};
use super::market::Market;
use super::wish::Measure;

/// What tells items apart: their size, where they may go, and whom they keep away from.
type Likeness<'a> = (&'a [i64], &'a [bool], Option<u32>);

/// A problem whose bins are the offers, one by one.
pub(super) struct Exact {
    pub problem: Problem,
    /// By item: the parts that it stands for.
    pub parts: Vec<Vec<usize>>,
}

pub(super) fn exact(market: &Market, parts: &[Part]) -> Exact {
    let mut site_of = vec![0; market.offers.len()];
    for (number, site) in market.sites.iter().enumerate() {
        for offer in &site.offers {
            site_of[*offer] = number;
        }
    }
    let bins = (0..market.offers.len()).map(|offer| Bin {
        amounts: market.holds[offer].clone(),
        price: market.price(offer),
        limit: market.left[offer],
    });
    let groups = groups(parts);
    let fits = |reach: &[bool]| site_of.iter().map(|site| reach[*site]).collect();
    Exact {
        problem: Problem {
            items: items(&groups, parts, fits),
            bins: bins.collect(),
        },
        parts: groups.into_values().collect(),
    }
}

/// Rules about pods that packing does not know are left out, and so it costs no more than what they are kept in.
pub(super) fn of(market: &Market, parts: &[Part]) -> Problem {
    let stocks = stocks(market);
    let fits = |reach: &[bool]| stocks.iter().map(|stock| stock.reached(reach)).collect();
    Problem {
        items: items(&groups(parts), parts, fits),
        bins: stocks.iter().map(|stock| stock.bin.clone()).collect(),
    }
}

/// The problem with the pods of the burst instead of those that wait, if they are more; without their rules.
pub(super) fn of_burst(market: &Market, parts: &[Part], measure: &Measure) -> Problem {
    let mut problem = of(market, parts);
    let waiting: u64 = parts.iter().map(|part| u64::from(part.pods)).sum();
    let came: u64 = measure
        .demand
        .iter()
        .map(|(_, pods)| u64::from(*pods))
        .sum();
    if came > waiting {
        let item = |(amounts, pods): &(Vec<i64>, u32)| Item {
            fits: vec![true; problem.bins.len()],
            per_bin: u32::MAX,
            amounts: amounts.clone(),
            count: *pods,
            apart: None,
        };
        problem.items = measure.demand.iter().map(item).collect();
    }
    problem
}

/// A problem whose items are the kinds, one by one.
pub(super) struct OfKinds {
    pub problem: Problem,
    /// By bin: the sites and offers that it stands for.
    pub offers: Vec<Vec<(usize, usize)>>,
}

pub(super) fn of_kinds(market: &Market, kinds: &[Kind]) -> OfKinds {
    let stocks = stocks(market);
    let item = |kind: &Kind| Item {
        fits: stocks
            .iter()
            .map(|stock| stock.reached(&kind.reach))
            .collect(),
        per_bin: u32::MAX,
        amounts: kind.amounts.clone(),
        count: kind.pods,
        apart: None,
    };
    OfKinds {
        problem: Problem {
            items: kinds.iter().map(item).collect(),
            bins: stocks.iter().map(|stock| stock.bin.clone()).collect(),
        },
        offers: stocks.into_iter().map(|stock| stock.offers).collect(),
    }
}

/// Places of the parts that packing does not tell apart.
fn groups(parts: &[Part]) -> BTreeMap<Likeness<'_>, Vec<usize>> {
    let mut numbers: HashMap<&Apart, u32> = HashMap::new();
    let mut groups: BTreeMap<Likeness, Vec<usize>> = BTreeMap::new();
    for (place, part) in parts.iter().enumerate().filter(|(_, part)| part.pods > 0) {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        let apart = part.apart.as_ref();
        let apart = apart.map(|apart| *numbers.entry(apart).or_insert(next));
        let likeness = (&*part.amounts, &*part.reach, apart);
        groups.entry(likeness).or_default().push(place);
    }
    groups
}

fn items(
    groups: &BTreeMap<Likeness, Vec<usize>>,
    parts: &[Part],
    fits: impl Fn(&[bool]) -> Vec<bool>,
) -> Vec<Item> {
    let groups = groups.iter();
    let item = |((amounts, reach, apart), places): (&Likeness, &Vec<usize>)| Item {
        fits: fits(reach),
        per_bin: if apart.is_some() { 1 } else { u32::MAX },
        amounts: amounts.to_vec(),
        count: places
            .iter()
            .fold(0, |sum: u32, place| sum.saturating_add(parts[*place].pods)),
        apart: *apart,
    };
    groups.map(item).collect()
}

/// Offers of the same size and price, in whatever site.
struct Stock {
    bin: Bin,
    sites: Vec<bool>,
    offers: Vec<(usize, usize)>,
}

impl Stock {
    fn reached(&self, reach: &[bool]) -> bool {
        let mut sites = self.sites.iter().zip(reach);
        sites.any(|(here, there)| *here && *there)
    }
}

fn stocks(market: &Market) -> Vec<Stock> {
    let mut stocks: BTreeMap<(&[i64], u64), Stock> = BTreeMap::new();
    for (number, site) in market.sites.iter().enumerate() {
        for offer in &site.offers {
            let key = (&*market.holds[*offer], market.price(*offer));
            let stock = stocks.entry(key).or_insert_with(|| Stock {
                bin: Bin {
                    amounts: market.holds[*offer].clone(),
                    price: market.price(*offer),
                    limit: 0,
                },
                sites: vec![false; market.sites.len()],
                offers: Vec::new(),
            });
            stock.offers.push((number, *offer));
            stock.sites[number] = true;
            stock.bin.limit = stock.bin.limit.saturating_add(market.offers[*offer].limit);
        }
    }
    stocks.into_values().collect()
}
