//! Why no machine that can be had helps a pod: the one constraint that stands in the way, told of the best candidate.

use crate::names::INSTANCE_TYPE;
use crate::scheduling::refusal::NodeRule;
use crate::scheduling::{HOSTNAME, Refusal, State};

use super::kinds::Lot;
use super::market::Market;
use super::wish::Measure;

/// The first of these questions that no offer passes names the constraint.
pub(super) fn why(state: &State, market: &Market, measure: &Measure, lot: &Lot) -> String {
    if market.offers.is_empty() {
        return "no machine can be had: no pool may grow".to_owned();
    }
    let all: Vec<usize> = (0..market.offers.len()).collect();
    let allowed = match allowed(state, market, lot, &all) {
        Ok(allowed) => allowed,
        Err(why) => return why,
    };
    let large = match large_enough(state, market, measure, lot, &allowed) {
        Ok(large) => large,
        Err(why) => return why,
    };
    if large.iter().all(|offer| market.left[*offer] == 0) {
        return sold_out(market, &large);
    }
    rule(state, lot)
}

fn name(market: &Market, offer: usize) -> String {
    let offer = &market.offers[offer];
    let machine_type = offer.node.labels.get(INSTANCE_TYPE);
    match machine_type {
        Some(machine_type) => format!("{machine_type} of {}", offer.group),
        None => format!("machines of {}", offer.group),
    }
}

/// Offers whose nodes as such take the pod.
fn allowed(
    state: &State,
    market: &Market,
    lot: &Lot,
    offers: &[usize],
) -> Result<Vec<usize>, String> {
    let class = lot.batch.class;
    let rule = |offer: &usize| state.node_rule(class, &market.offers[*offer].node);
    let open: Vec<usize> = offers
        .iter()
        .copied()
        .filter(|o| rule(o).is_none())
        .collect();
    if !open.is_empty() {
        return Ok(open);
    }
    // A taint is asked about before labels: who is refused for labels alone was nearer.
    let near = offers
        .iter()
        .find(|offer| rule(offer) == Some(NodeRule::Affinity));
    let Some(best) = near.or(offers.first()) else {
        return Ok(open);
    };
    Err(refused_by_node(state, market, lot, *best))
}

fn refused_by_node(state: &State, market: &Market, lot: &Lot, offer: usize) -> String {
    let pod = state.content(lot.batch.class);
    let node = &market.offers[offer].node;
    let name = name(market, offer);
    match state.node_rule(lot.batch.class, node) {
        Some(NodeRule::Taint) => {
            let taint = pod.untolerated(&node.taints);
            let taint = taint.map(|t| format!("{}={}:{}", t.key, t.value, t.effect));
            let taint = taint.unwrap_or_default();
            format!("untolerated taint: every offer has one; {name} has {taint}")
        }
        Some(NodeRule::NotNamed) => "its node affinity names nodes that are there".to_owned(),
        Some(NodeRule::Unschedulable | NodeRule::Closed) => {
            format!("unschedulable: {name} takes no new pods")
        }
        _ => wrong_labels(state, market, lot, &name),
    }
}

/// The first pair of the node selector that no offer has, or else node affinity as a whole.
fn wrong_labels(state: &State, market: &Market, lot: &Lot, name: &str) -> String {
    let pod = state.content(lot.batch.class);
    let mut pairs = pod.node_selector.iter();
    let missing = pairs.find(|(key, value)| {
        let mut offers = market.offers.iter();
        !offers.any(|offer| offer.node.labels.get(*key) == Some(value))
    });
    let Some((key, value)) = missing else {
        return format!(
            "node affinity: no offer has the labels that it asks for; the nearest is {name}"
        );
    };
    let mut there: Vec<&str> = market
        .offers
        .iter()
        .filter_map(|offer| offer.node.labels.get(key).map(String::as_str))
        .collect();
    there.sort_unstable();
    there.dedup();
    let there = match &*there {
        [] => "no offer has that label".to_owned(),
        some => format!("offers have {}", some.join(", ")),
    };
    format!("node selector {key}={value}: {there}")
}

/// Offers that hold the pod alone.
fn large_enough(
    state: &State,
    market: &Market,
    measure: &Measure,
    lot: &Lot,
    offers: &[usize],
) -> Result<Vec<usize>, String> {
    let mut rest = offers.to_vec();
    for (place, amount) in lot.amounts.iter().enumerate() {
        let best = rest.iter().copied().max_by_key(|o| market.holds[*o][place]);
        rest.retain(|offer| market.holds[*offer][place] >= *amount || *amount == 0);
        let Some(best) = best.filter(|_| rest.is_empty()) else {
            continue;
        };
        let there = market.holds[best][place];
        let resource = measure.name(state, place);
        return Err(insufficient(&resource, *amount, there, &name(market, best)));
    }
    Ok(rest)
}

fn insufficient(resource: &str, asked: i64, there: i64, name: &str) -> String {
    let (asked, there) = (amount(resource, asked), amount(resource, there.max(0)));
    format!("insufficient {resource}: asks for {asked}, the largest offer, {name}, has {there}")
}

/// `1.5 cores`, `3.2 GiB`, `2`.
fn amount(resource: &str, amount: i64) -> String {
    match resource {
        "cpu" => format!("{} cores", tenths(amount, 1000)),
        "memory" | "ephemeral-storage" if amount >= 1 << 30 => {
            format!("{} GiB", tenths(amount, 1 << 30))
        }
        "memory" | "ephemeral-storage" => format!("{} MiB", tenths(amount, 1 << 20)),
        _ => amount.to_string(),
    }
}

/// Rounded down to a tenth; a whole number without a point.
fn tenths(amount: i64, unit: i64) -> String {
    let tenths = i128::from(amount) * 10 / i128::from(unit);
    match (tenths / 10, tenths % 10) {
        (whole, 0) => whole.to_string(),
        (whole, tenth) => format!("{whole}.{tenth}"),
    }
}

fn sold_out(market: &Market, offers: &[usize]) -> String {
    let named = offers.first().map(|offer| name(market, *offer));
    let named = named.unwrap_or_default();
    match offers {
        [_] => format!("limit reached: no more {named} can be had"),
        more => format!(
            "limit reached: no more {named} can be had, nor any of {} other offers",
            more.len() - 1
        ),
    }
}

/// The rule about other pods that refuses it, as things would be.
fn rule(state: &State, lot: &Lot) -> String {
    let class = lot.batch.class;
    let pod = state.content(class);
    let Ok(inquiry) = state.ask(class) else {
        return state.ask(class).err().unwrap_or_default();
    };
    let ids = state.nodes().map(|(id, _)| id);
    let refusals = ids.filter_map(|id| {
        let beyond = inquiry.fits_beyond(id).err();
        beyond.or_else(|| inquiry.fits_near(id).err())
    });
    let rules = refusals.filter(|refusal| !matches!(refusal, Refusal::Node(_)));
    let keys = |keys: Vec<&str>| keys.join(", ");
    match rules.max() {
        Some(Refusal::Spread | Refusal::SpreadLabel) => {
            let required = pod.spread.iter().filter(|spread| spread.required);
            let by = keys(required.map(|spread| &*spread.topology_key).collect());
            format!(
                "topology spread over {by}: one more would be too many wherever a machine can be had"
            )
        }
        Some(Refusal::Affinity) => {
            let by = keys(
                pod.affinity
                    .iter()
                    .map(|term| &*term.topology_key)
                    .collect(),
            );
            format!(
                "pod affinity by {by}: no pod that it wants to be with is where a machine can be had"
            )
        }
        Some(Refusal::AntiAffinity | Refusal::OthersAntiAffinity) => {
            let terms = pod.anti_affinity.iter().map(|term| &*term.topology_key);
            let by = keys(terms.filter(|key| *key != HOSTNAME).collect());
            format!(
                "pod anti-affinity {by}: a pod that it keeps away from is wherever a machine can be had"
            )
        }
        Some(refusal) => inquiry.reasons(refusal).join(", "),
        None => "its rules about other pods hold on no machine that can be had".to_owned(),
    }
}
