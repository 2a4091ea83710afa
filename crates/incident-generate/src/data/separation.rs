//! Separation: the rule that every family says what sets it apart from each family that it can be taken for.
//!
//! Two families are rivals if a part of one kind can be the root of both, or if both show one class of evidence at
//! their roots. For each two rivals at least one file must name a sign that the other family does not show at a part of
//! the same kind. All other families are set apart by the signs at the root.

use crate::data::family::{Expression, Family, Function, ROOT};
use crate::data::family_text::Sign;
use crate::data::kinds::Kind;
use crate::data::vocabulary::Vocabulary;
use crate::ids::ClassSet;

/// Checks what the families say about each other.
///
/// # Errors
/// The error is the id of the family and what it lacks, or what it says in vain.
pub(crate) fn check(families: &[Family], vocabulary: &Vocabulary) -> Result<(), (String, String)> {
    for family in families {
        let wrong = |problem: String| (family.id.clone(), problem);
        for (rival_id, signs) in &family.text.apart {
            let Some(rival) = families.iter().find(|known| known.id == *rival_id && known.id != family.id) else {
                return Err(wrong(format!("apart.{rival_id}: there is no such other family")));
            };
            if let Some(shared) = signs.iter().find(|sign| shows(rival, sign, &kinds(family, &sign.of), vocabulary)) {
                let class = &vocabulary.class(shared.class).name;
                return Err(wrong(format!("apart.{rival_id}: {class}({}) is shown by both families", shared.of)));
            }
        }
        let missing = families.iter().find(|rival| {
            let says = family.text.apart.contains_key(&rival.id) || rival.text.apart.contains_key(&family.id);
            !says && are_rivals(family, rival, vocabulary)
        });
        if let Some(rival) = missing {
            return Err(wrong(format!("apart: says nothing of its rival '{}', which says nothing of it", rival.id)));
        }
    }
    Ok(())
}

/// Returns whether two families can be taken for each other.
pub(crate) fn are_rivals(family: &Family, rival: &Family, vocabulary: &Vocabulary) -> bool {
    let at_root = |family: &Family| family.shown(vocabulary).get(ROOT).copied().unwrap_or(ClassSet::EMPTY);
    let same_kind = family.kinds.iter().any(|kind| rival.kinds.contains(kind));
    family.id != rival.id && (same_kind || at_root(family).meets(at_root(rival)))
}

/// Returns whether a family shows the class of a sign at entities of one of these kinds.
fn shows(family: &Family, sign: &Sign, kinds_of_sign: &[Kind], vocabulary: &Vocabulary) -> bool {
    let mut at = family.shown(vocabulary).into_iter().filter(|(_, classes)| classes.contains(sign.class));
    at.any(|(name, _)| kinds(family, name).iter().any(|kind| kinds_of_sign.contains(kind)))
}

/// Returns the kinds that the entities of a name can have.
fn kinds(family: &Family, name: &str) -> Vec<Kind> {
    match family.bind.iter().find(|(known, _)| known == name) {
        Some((_, expression)) => expression.kind.map_or_else(|| found_by(expression).to_vec(), |kind| vec![kind]),
        None => family.kinds.clone(),
    }
}

/// Returns the kinds that a function can find.
const fn found_by(expression: &Expression) -> &'static [Kind] {
    use Kind::{Api, Batch, Cache, Db, Gateway, Queue, Worker};
    match expression.function {
        Function::Data | Function::Store | Function::IssuedStore | Function::StoresAcross => &[Db],
        Function::Queue => &[Queue],
        Function::Req | Function::SomeService | Function::Across | Function::Placed => &[Api],
        Function::Readers => &[Api, Worker],
        Function::BatchOn => &[Batch],
        Function::Callers | Function::AllCallers | Function::OneCaller | Function::CallersBut => {
            &[Gateway, Api, Worker, Batch, Cache]
        }
        // These stand for things and not for entities.
        Function::Job | Function::Certificate | Function::Flag => &[],
    }
}

#[cfg(test)]
mod tests {
    use crate::Library;

    /// Reads the library with one change of one embedded file.
    fn changed(file: &str, from: &str, to: &str) -> Result<Library, String> {
        let bytes = crate::data::library::Embedded::get(file).unwrap().data;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(text.contains(from), "{file} has no '{from}'");
        Library::with_overlay([(file.to_owned(), text.replace(from, to))]).map_err(|error| error.to_string())
    }

    #[test]
    fn pairs_that_are_missing_wrong_or_useless_are_refused() {
        let file = "memory_leak.toml";
        let said = "unbounded_query_oom = [\"oom_kill(root)\"]";
        for (from, to, problem) in [
            (said, "no_such = [\"oom_kill(root)\"]", "apart.no_such: there is no such other family"),
            (said, "memory_leak = [\"oom_kill(root)\"]", "apart.memory_leak: there is no such other family"),
            (said, "unbounded_query_oom = []", "apart.unbounded_query_oom: no sign"),
            (said, "unbounded_query_oom = [\"backlog(root)\"]", "the family does not show 'backlog(root)'"),
            (said, "unbounded_query_oom = [\"no_class(root)\"]", "unknown class 'no_class'"),
            (
                "poison_message = [\"mem_ramp(root)\"]",
                "poison_message = [\"restarts_up(root)\"]",
                "apart.poison_message: restarts_up(root) is shown by both families",
            ),
            ("words = { root", "words = { rot", "words.rot: stands for nothing"),
            ("is = \"", "is = \"\"\nold = \"", "unknown field `old`"),
        ] {
            let error = changed(file, from, to).unwrap_err();
            assert!(error.starts_with(file) && error.contains(problem), "{to}: {error}");
        }
    }

    #[test]
    fn one_of_two_rivals_must_say_what_sets_them_apart() {
        // The worker with the poisoned message and the leaking one say it of each other; one of them is enough.
        assert!(changed("memory_leak.toml", "poison_message = [\"mem_ramp(root)\"]\n", "").is_ok());
        let stripped = |file: &str, line: &str| {
            let bytes = crate::data::library::Embedded::get(file).unwrap().data;
            (file.to_owned(), String::from_utf8_lossy(&bytes).replace(line, ""))
        };
        let both = [
            stripped("memory_leak.toml", "poison_message = [\"mem_ramp(root)\"]\n"),
            stripped("poison_message.toml", "memory_leak = [\"redelivery(queue)\"]\n"),
        ];
        let error = Library::with_overlay(both).unwrap_err().to_string();
        assert!(error.contains("says nothing of its rival 'poison_message'"), "{error}");
    }

    #[test]
    fn the_families_of_the_program_say_it_of_each_other() {
        let library = Library::embedded().unwrap();
        for family in &library.families {
            for rival in &library.families {
                let says = family.text.apart.contains_key(&rival.id);
                let must = super::are_rivals(family, rival, &library.vocabulary);
                assert!(says || !must, "{} says nothing of {}", family.id, rival.id);
            }
        }
    }
}
