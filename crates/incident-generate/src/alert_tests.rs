//! Alerts over many incidents.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::kinds::Symptom;
use crate::incident::level::Level;
use crate::testing::incidents;

#[derive(Default)]
struct Pages {
    count: usize,
    victims: usize,
    controls: usize,
    families: BTreeSet<usize>,
}

#[test]
#[ignore = "takes minutes without optimization"]
fn attempts() {
    let many: u64 = std::env::var("MANY").ok().and_then(|many| many.parse().ok()).unwrap_or(40);
    for level in Level::ALL {
        let count = if level == Level::Expert { many / 2 } else { many };
        let begun = std::time::Instant::now();
        let mut attempts = 0;
        let mut pages: BTreeMap<Symptom, Pages> = BTreeMap::new();
        let (mut further, mut least) = (0, u32::MAX);
        for made in incidents(level, 2, count) {
            let incident = made.incident();
            attempts += incident.attempt + 1;
            further += incident.alerts.len();
            let page = pages.entry(incident.alert.symptom).or_default();
            page.count += 1;
            match &incident.fault {
                Some(fault) => {
                    page.victims += usize::from(fault.root != incident.alert.at);
                    page.families.insert(fault.family);
                    least = least.min(incident.proof.entropy);
                }
                None => page.controls += 1,
            }
        }
        println!("{level}: {attempts} attempts for {count} in {:?}; further {further}, least {:.1}", begun.elapsed(), (f64::from(least) / 1024.0).exp2());
        for (symptom, Pages { count, victims, controls, families }) in pages {
            println!("  {symptom:?} {count}, victims {victims}, controls {controls}, families {families:?}");
        }
    }
}
