//! The outcome of a run: done, below a gate, void, out of budget, or interrupted.

use crate::cli::exit::Status;
use crate::config::Settings;
use crate::log::Summary;
use crate::log::store::RunFolder;
use crate::report::score_table::{one_line, plural};
use crate::run::Cancel;
use crate::run::budget::{Budget, Kind};

/// Says which limit of the run is reached, and by how much.
fn reached(limit: Kind, budget: &Budget) -> String {
    let (limits, spent) = budget.state();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of tokens")]
    let tokens = spent.tokens as u64;
    match limit {
        Kind::Cost => format!("--max-cost {}: ${:.4} are spent", limits.cost_usd.unwrap_or_default(), spent.cost_usd),
        Kind::Tokens => format!("--max-total-tokens {}: {tokens} are used", limits.tokens.unwrap_or_default()),
        Kind::Time => format!("--time-limit {}: the time is up", limits.time.unwrap_or_default().as_secs_f64()),
    }
}

/// Returns the status of a run that was played as far as it could be.
pub(super) fn status(
    settings: &Settings,
    summary: &Summary,
    cancel: &Cancel,
    budget: &Budget,
    folder: &RunFolder,
) -> Status {
    let kept = folder.path.display();
    if let Some(limit) = budget.out() {
        let open: usize = summary.rows.iter().map(|row| row.unfinished).sum();
        if open > 0 {
            return Status::BudgetSpent(format!(
                "{}; {} did not end. The table has what every row has ended; `bench resume {}` with a higher limit goes on",
                reached(limit, budget),
                plural(open, "episode"),
                summary.run.id
            ));
        }
    }
    if cancel.is_pulled() {
        let open: usize = summary.rows.iter().map(|row| row.unfinished).sum();
        if open > 0 {
            let open = plural(open, "episode");
            return Status::Interrupted(format!(
                "{open} did not end; `bench resume` goes on with what is kept in {kept}"
            ));
        }
        // The interrupt came too late to stop anything.
    }
    let void: usize = summary.rows.iter().map(|row| row.void).sum();
    if void > settings.max_void {
        let first = summary.rows.iter().find_map(|row| row.void_message.as_deref());
        return Status::Void(format!(
            "{} no score because the infrastructure failed (tolerated: {}): {}; see {kept}/events.jsonl",
            if void == 1 { "1 episode has".to_owned() } else { format!("{void} episodes have") },
            settings.max_void,
            one_line(first.unwrap_or("no reason was given")),
        ));
    }
    let below: Vec<_> = summary
        .judged()
        .filter(|row| settings.fail_under.is_some_and(|limit| row.overall.is_none_or(|overall| overall < limit)))
        .map(|row| {
            format!("{} scored {}", row.contestant, row.overall.map_or("nothing".to_owned(), |o| format!("{o:.4}")))
        })
        .collect();
    match settings.fail_under {
        Some(limit) if !below.is_empty() => Status::GateFailed(format!("--fail-under {limit}: {}", below.join(", "))),
        _ => Status::Done,
    }
}
