//! Runs found by the id of their task.
//!
//! Invariant: one id in two domains is two tasks; where nothing tells which of them a run is of, there is no answer.

use std::collections::{BTreeMap, BTreeSet};

use super::super::super::dataset::task;
use crate::dataset::regression::Case;
use crate::model::conversation::Conversation;
use crate::text::door::terminal_line;

/// Where a task id comes from. Sources are often called after files, so that one domain may have several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Scope<'a> {
    domain: Option<&'a str>,
    source: &'a str,
}

/// Whether two scopes number the same tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    /// Both say so themselves.
    Same,
    /// Their agents have the same tools, most of them.
    Alike,
    /// Their domains differ, or their tools: the same id is another task there.
    Other,
    /// Nothing tells.
    Unknown,
}

impl<'a> Scope<'a> {
    fn of_run(run: &'a Conversation) -> Self {
        let domain = run.attributes.get("domain").and_then(serde_json::Value::as_str);
        Self { domain, source: run.source.exact() }
    }

    fn of_case(case: &'a Case) -> Self {
        Self { domain: case.domain.as_deref(), source: &case.source }
    }

    fn says_other(self, other: Self) -> bool {
        matches!((self.domain, other.domain), (Some(one), Some(two)) if one != two)
    }
}

/// Runs and cases by task id.
pub(super) struct Tasks<'a> {
    runs: BTreeMap<String, BTreeMap<Scope<'a>, Vec<usize>>>,
    cases: BTreeMap<String, BTreeSet<Scope<'a>>>,
    tools: BTreeMap<Scope<'a>, BTreeSet<&'a str>>,
}

impl<'a> Tasks<'a> {
    /// Of all cases and runs. A run goes by its task as it is and as it is masked, since cases may hold either; all else is
    /// what is compared.
    pub(super) fn of(cases: &'a [Case], exact: &[Conversation], compared: &'a [Conversation]) -> Self {
        let mut all = Self { runs: BTreeMap::new(), cases: BTreeMap::new(), tools: BTreeMap::new() };
        for (at, run) in compared.iter().enumerate() {
            let scope = Scope::of_run(run);
            let names: BTreeSet<String> = exact.get(at).and_then(task).into_iter().chain(task(run)).collect();
            for name in names {
                all.runs.entry(name).or_default().entry(scope).or_default().push(at);
            }
            let offered = run.tools.iter().map(|spec| spec.name.exact());
            let called = run.steps.iter().filter_map(|step| step.tool()).map(crate::text::Untrusted::exact);
            all.tools.entry(scope).or_default().extend(offered.chain(called));
        }
        for case in cases {
            let scope = Scope::of_case(case);
            if let Some(task) = case.task() {
                all.cases.entry(task).or_default().insert(scope);
            }
            all.tools.entry(scope).or_default().extend(case.tools());
        }
        all
    }

    /// The runs of a case's task.
    ///
    /// # Errors
    /// The id stands for several tasks, and nothing tells which one runs are of.
    pub(super) fn runs_of(&self, case: &Case) -> Result<Vec<usize>, String> {
        let Some((id, own)) = case.task().map(|id| (id, Scope::of_case(case))) else { return Ok(Vec::new()) };
        let (Some(runs), Some(cases)) = (self.runs.get(&id), self.cases.get(&id)) else { return Ok(Vec::new()) };
        let rivals: Vec<Scope<'_>> = cases.iter().copied().filter(|case| !self.one_world(own, *case)).collect();
        let mut found = Vec::new();
        for (scope, at) in runs {
            let takes = match self.relation(own, *scope) {
                Relation::Same => true,
                _ if rivals.iter().any(|rival| self.relation(*rival, *scope) == Relation::Same) => false,
                Relation::Other => false,
                Relation::Alike if !rivals.iter().any(|rival| self.relation(*rival, *scope) != Relation::Other) => true,
                Relation::Unknown if rivals.is_empty() => true,
                _ => return Err(ambiguous(&id, cases, *scope)),
            };
            if takes {
                found.extend(at);
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// How many runs name a task of the cases, but in another domain than any of its cases.
    pub(super) fn strangers(&self) -> usize {
        let runs = self.runs.iter().filter_map(|(id, runs)| Some((self.cases.get(id)?, runs)));
        let apart = |cases: &BTreeSet<Scope<'a>>, scope: &Scope<'a>| {
            cases.iter().all(|case| self.relation(*case, *scope) == Relation::Other)
        };
        let found = runs.flat_map(|(cases, runs)| runs.iter().filter(move |(scope, _)| apart(cases, scope)));
        found.flat_map(|(_, at)| at).collect::<BTreeSet<_>>().len()
    }

    fn one_world(&self, one: Scope<'_>, two: Scope<'_>) -> bool {
        matches!(self.relation(one, two), Relation::Same | Relation::Alike)
    }

    fn relation(&self, one: Scope<'_>, two: Scope<'_>) -> Relation {
        if one.says_other(two) {
            return Relation::Other;
        }
        if one.domain.is_some() && one.domain == two.domain || one.source == two.source {
            return Relation::Same;
        }
        let none = BTreeSet::new();
        let [first, second] = [one, two].map(|scope| self.tools.get(&scope).unwrap_or(&none));
        match first.len().min(second.len()) {
            0 => Relation::Unknown,
            fewer if first.intersection(second).count() * 2 >= fewer => Relation::Alike,
            _ => Relation::Other,
        }
    }
}

fn ambiguous(id: &str, cases: &BTreeSet<Scope<'_>>, run: Scope<'_>) -> String {
    let name = |scope: &Scope<'_>| terminal_line(scope.source);
    let names: Vec<String> = cases.iter().map(name).collect();
    format!(
        "task {} is a task of several sources ({}), and nothing tells of which of them the runs of {} are; give the files \
         of the runs the names of those sources, or make a dataset of each (dataset new NAME --where 'source:{}')",
        terminal_line(id),
        names.join(", "),
        name(&run),
        names.first().map_or("", String::as_str)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::fixtures::{Story, say};
    use crate::model::step::Role;

    fn run(source: &str, domain: Option<&str>, tools: &[&str]) -> Conversation {
        let mut steps = Vec::new();
        say(&mut steps, Role::User, "hello");
        let mut run = Story::of(steps).conversation;
        run.source = source.into();
        run.tools = tools.iter().map(|name| crate::dataset::fixtures::tool(name)).collect();
        run.attributes.insert("task_id".to_owned(), 7.into());
        run.attributes.extend(domain.map(|domain| ("domain".to_owned(), domain.into())));
        run
    }

    fn case(source: &str, domain: Option<&str>, tools: &[&str]) -> Case {
        let tool = |name: &&str| serde_json::json!({"type": "function", "function": {"name": name}});
        let line = serde_json::json!({"case_id": "k", "conversation_id": "c", "source": source, "domain": domain,
            "task_id": "7", "prefix": [], "acceptable": [], "tools": tools.iter().map(tool).collect::<Vec<_>>()});
        Case::parse(&line.to_string()).unwrap()
    }

    fn found(cases: &[Case], runs: &[Conversation]) -> Result<Vec<Vec<usize>>, String> {
        let tasks = Tasks::of(cases, runs, runs);
        cases.iter().map(|case| tasks.runs_of(case)).collect()
    }

    const FLY: &[&str] = &["book", "cancel", "pay", "get_user"];
    const SHOP: &[&str] = &["order", "return", "exchange", "get_user"];

    #[test]
    fn a_domain_goes_before_everything() {
        let cases = [case("a", Some("air"), SHOP), case("a", Some("shop"), SHOP)];
        let runs = [run("a", Some("shop"), FLY), run("b", Some("air"), SHOP), run("c", Some("tele"), SHOP)];
        assert_eq!(found(&cases, &runs), Ok(vec![vec![1], vec![0]]));
        assert_eq!(found(&cases[..1], &runs[..1]), Ok(vec![vec![]]), "also where there is one of each");
    }

    #[test]
    fn sources_match_by_name_and_else_by_their_tools() {
        let cases = [case("air", None, FLY), case("shop", None, SHOP)];
        let same = [run("shop", None, &[]), run("air", None, &[])];
        assert_eq!(found(&cases, &same), Ok(vec![vec![1], vec![0]]));
        let new = [run("new-shop", None, SHOP), run("new-air", None, &["book", "cancel", "pay"])];
        assert_eq!(found(&cases, &new), Ok(vec![vec![1], vec![0]]));
    }

    #[test]
    fn runs_of_another_domain_are_not_taken_though_the_id_is_the_same() {
        let (cases, runs) = ([case("air", None, FLY)], [run("shop", None, SHOP), run("new", None, FLY)]);
        for (runs, taken) in [(&runs[..1], vec![]), (&runs[..], vec![1])] {
            let tasks = Tasks::of(&cases, runs, runs);
            assert_eq!((tasks.runs_of(&cases[0]), tasks.strangers()), (Ok(taken), 1));
        }
        // A source of the same name says that it is the same, whatever its tools are called by now.
        assert_eq!(found(&cases, &[run("air", None, SHOP)]), Ok(vec![vec![0]]));
    }

    #[test]
    fn trials_in_several_files_are_of_one_task() {
        let runs = [run("run-1", None, &[]), run("run-2", None, &[])];
        assert_eq!(found(&[case("air", None, FLY)], &runs), Ok(vec![vec![0, 1]]));
        let runs = [run("run-1", None, FLY), run("run-2", None, FLY)];
        let cases = [case("old-1", None, FLY), case("old-2", None, FLY)];
        assert_eq!(found(&cases, &runs), Ok(vec![vec![0, 1], vec![0, 1]]));
        // One of them is another domain's.
        assert_eq!(found(&cases[..1], &[run("run-1", None, FLY), run("x", None, SHOP)]), Ok(vec![vec![0]]));
    }

    #[test]
    fn what_nothing_tells_apart_is_refused() {
        let cases = [case("air", None, FLY), case("shop", None, SHOP)];
        let both = [FLY, SHOP].concat();
        for tools in [&[][..], &both] {
            let told = found(&cases, &[run("new", None, tools)]).unwrap_err();
            assert!(told.starts_with("task 7 is a task of several sources (air, shop)"), "{told}");
        }
        assert!(found(&[case("air", None, &[]), case("shop", None, &[])], &[run("new", None, FLY)]).is_err());
    }
}
