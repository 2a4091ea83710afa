//! The names of the built-in agents.

incident_env::named_enum! {
    /// The built-in agents, which need no model.
    pub enum Builtin ("agent", "agents") {
        /// Chooses uniformly among the valid actions with a seed; it is the floor.
        Random = "random",
        /// Plays only the fallback of the LLM agent.
        Fallback = "fallback",
        /// Follows the call that fails most, and takes the newest change there back.
        Greedy = "greedy",
        /// Plays by rules like a human responder.
        Heuristic = "heuristic",
        /// Plays by a table of signs that was written from the documents alone.
        Table = "table",
        /// Plays as the table solver does, with no sign in the table.
        Walk = "walk",
        /// Knows the rules by which incidents are made and not the answers, and reasons from what it read.
        Abduction = "abduction",
        /// Plays a shortest path to the full score; it is the ceiling.
        Oracle = "oracle",
        /// Gives the same answer always.
        Constant = "constant",
        /// Submits every word that could please a grader.
        KeywordSoup = "keyword_soup",
        /// Submits the right answer without doing anything for it.
        Leaked = "leaked",
    }
}

impl Builtin {
    /// The agents that play if none is named, from floor to ceiling.
    pub const USUAL: [Self; 4] = [Self::Random, Self::Fallback, Self::Heuristic, Self::Oracle];
    /// The agents that play on a generated suite if none is named. The greedy walker is one of them there, because it
    /// shows what a program without any knowledge of failures earns.
    pub const USUAL_ON_GENERATED: [Self; 5] =
        [Self::Random, Self::Fallback, Self::Greedy, Self::Heuristic, Self::Oracle];
    /// The agents without skill, which `--agent floors` selects.
    pub const FLOORS: [Self; 4] = [Self::Random, Self::Constant, Self::KeywordSoup, Self::Leaked];

    /// A description of the agent in one sentence.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Random => "uniform over the valid actions, seeded: the floor",
            Self::Fallback => "the safety net of the LLM agent alone: sweeps logs and deploys, then submits blindly",
            Self::Greedy => {
                "follows the worst failing call and blames the newest change there: no knowledge of failures"
            }
            Self::Heuristic => "a rule-based responder that follows names and change times: the bar for a model",
            Self::Table => "plays by a table of signs written from the documents alone: what reading them is worth",
            Self::Walk => "the table solver without its signs: its difference to table is what the signs are worth",
            Self::Abduction => {
                "reasons by all the rules and from what it read alone: the ceiling of programs without the answers"
            }
            Self::Oracle => "a shortest full-score path, read from the answer key: the ceiling",
            Self::Constant => "the same answer always: P2, the alerted service",
            Self::KeywordSoup => "submits every word that could please a grader, at once",
            Self::Leaked => "the right answer as if it had leaked, submitted at once",
        }
    }
}
