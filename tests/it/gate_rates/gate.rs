//! The gate: how often a command is wrong about agents of which the truth is known.

use incident_bench::gate::decision::{Verdict, decide_whole};
use incident_bench::gate::difference::{Difference, Pair, Play};
use incident_bench::gate::family::{levels, p_of_rows, rows};
use incident_bench::stats::rng::SplitMix64;

use super::draws::{Scenario, Shape, change};
use super::{at_most, rate};

const ALPHA: f64 = 0.05;
const MARGIN: f64 = 0.02;
/// The numbers of contestants of a command.
const CONTESTANTS: [usize; 3] = [1, 4, 8];

/// The differences of one contestant: the overall score, and the three tasks.
fn contestant(scenarios: &[(usize, Scenario, Scenario)], epochs: u32, rng: &mut SplitMix64) -> Vec<Difference> {
    let mut play = |scenario: Scenario| (0..epochs).map(|_| scenario.play(rng)).collect::<Vec<_>>();
    let pairs: Vec<_> =
        scenarios.iter().map(|(task, base, new)| Pair { task: *task, base: play(*base), new: play(*new) }).collect();
    let of = |pairs: &[Pair<usize>]| Difference::of(pairs, Play::Varies, Play::Varies).unwrap();
    let task = |task| pairs.iter().filter(|pair| pair.task == task).cloned().collect::<Vec<_>>();
    std::iter::once(of(&pairs)).chain((0..3).map(|at| of(&task(at)))).collect()
}

/// The verdicts of the rows of these contestants, as one command judges them.
fn command(contestants: &[Vec<Difference>]) -> Vec<Vec<Verdict>> {
    let p = |one: &Vec<Difference>| p_of_rows(&one.iter().map(Difference::p_worse).collect::<Vec<_>>());
    let levels = levels(&contestants.iter().map(p).collect::<Vec<_>>(), ALPHA);
    let judged = contestants.iter().zip(levels).map(|(one, level)| {
        let share = level / f64::from(u32::try_from(rows(one.len() - 1)).unwrap());
        one.iter().map(|row| row.judge(ALPHA, share, MARGIN).0).collect()
    });
    judged.collect()
}

/// The verdict on a command.
fn whole(rows: &[Vec<Verdict>]) -> Verdict {
    let rows = rows.iter().flat_map(|of_one| of_one.iter().enumerate().map(|(at, verdict)| (at == 0, *verdict)));
    decide_whole(rows).unwrap()
}

/// The counts of one setting.
#[derive(Default)]
struct Counts {
    /// Commands that call an unchanged agent worse, by the number of contestants.
    false_alarms: [u32; 3],
    /// Overall rows with a true drop of the margin that are called worse than it, and worse or worse than it.
    beyond: u32,
    worse: u32,
    not_decided: u32,
    /// Commands that pass with a true drop of the margin, and of .05.
    passed: u32,
    passed_more: u32,
}

fn counted(shape: Shape, epochs: u32, n: usize, rounds: u32, seed: u64) -> Counts {
    let mut rng = SplitMix64::new(seed);
    let mut counts = Counts::default();
    for _ in 0..rounds {
        let most = CONTESTANTS[CONTESTANTS.len() - 1];
        let unchanged: Vec<_> = (0..most)
            .map(|_| {
                let scenarios = change(shape, n, 0.0, &mut rng);
                contestant(&scenarios, epochs, &mut rng)
            })
            .collect();
        for (count, contestants) in counts.false_alarms.iter_mut().zip(CONTESTANTS) {
            *count += u32::from(whole(&command(&unchanged[..contestants])).is_worse());
        }
        for drop in [MARGIN, 0.05] {
            let scenarios = change(shape, n, drop, &mut rng);
            let rows = command(&[contestant(&scenarios, epochs, &mut rng)]);
            let passed = u32::from(whole(&rows) >= Verdict::Same);
            if drop > MARGIN {
                counts.passed_more += passed;
                continue;
            }
            counts.passed += passed;
            counts.beyond += u32::from(rows[0][0] == Verdict::WorseThanMargin);
            counts.worse += u32::from(rows[0][0].is_worse());
            counts.not_decided += u32::from(rows[0][0] == Verdict::NotDecided);
        }
    }
    counts
}

/// Simulates these settings, each a number of epochs and of scenarios, prints the rates, and checks their bounds.
pub(super) fn expect(rounds: u32, settings: &[(u32, usize)]) {
    println!(
        "| scores | K | n | exit 1, unchanged: 1 | 4 | 8 | worse_than_margin at the margin | exit 0 at the margin | exit 0 at .05 | worse at the margin | not_decided |"
    );
    println!("|:--|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    let mut wrong = Vec::new();
    for shape in Shape::ALL {
        for (number, (epochs, n)) in (1_u64..).zip(settings) {
            let counts = counted(shape, *epochs, *n, rounds, number);
            let [one, four, eight] = counts.false_alarms.map(|hits| rate(hits, rounds));
            let of = |hits| rate(hits, rounds);
            println!(
                "| {shape:?} | {epochs} | {n} | {one:.3} | {four:.3} | {eight:.3} | {:.3} | {:.3} | {:.3} | {:.3} | {:.3} |",
                of(counts.beyond),
                of(counts.passed),
                of(counts.passed_more),
                of(counts.worse),
                of(counts.not_decided)
            );
            for (what, found, bound) in [
                ("exit 1 of one unchanged agent", one, 0.05),
                ("exit 1 of four unchanged agents", four, 0.05),
                ("exit 1 of eight unchanged agents", eight, 0.05),
                ("worse_than_margin at the margin", of(counts.beyond), 0.05),
                ("exit 0 at the margin", of(counts.passed), 0.08),
                ("exit 0 at a drop of .05", of(counts.passed_more), 0.06),
            ] {
                if found > at_most(bound, rounds) {
                    wrong
                        .push(format!("{shape:?}, {epochs} epochs, {n} scenarios: {what}: {found:.4} and not {bound}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
