//! `--arguments TEXT`: the arguments of a run as one text, as a workflow file has them. Pure.

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use super::{Cli, Command};

/// The option that holds the text.
const OPTION: &str = "--arguments";

impl Cli {
    /// Reads the arguments of the process. Where one of them is a text of arguments, its words take its place: they are
    /// parted at blanks and line ends, quotes hold them together, and `#` begins a comment, as in a shell. Nothing is
    /// expanded.
    ///
    /// # Errors
    /// Returns the help, or what is wrong with the arguments.
    pub fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, clap::Error> {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let cli = Self::try_parse_from(&arguments)?;
        if cli.text().is_none() {
            return Ok(cli);
        }
        let spread = spread(&arguments).map_err(|problem| Self::wrong(&problem))?;
        let cli = Self::try_parse_from(spread)?;
        match cli.text() {
            Some(_) => Err(Self::wrong("a text of arguments cannot hold another one")),
            None => Ok(cli),
        }
    }

    fn text(&self) -> Option<&str> {
        match &self.command {
            None => self.run.arguments.as_deref(),
            Some(Command::Run(run)) => run.arguments.as_deref(),
            Some(_) => None,
        }
    }

    fn wrong(problem: &str) -> clap::Error {
        Self::command().error(ErrorKind::ValueValidation, format!("{OPTION}: {problem}"))
    }
}

/// Puts the words of the text in the place of the option.
fn spread(arguments: &[String]) -> Result<Vec<String>, String> {
    let mut spread = Vec::new();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let text = match argument.strip_prefix(OPTION) {
            Some("") => rest.next().map(String::as_str),
            Some(value) => value.strip_prefix('='),
            None => None,
        };
        match text {
            Some(text) => {
                let words = shlex::split(&joined(text));
                spread.extend(words.ok_or("a quote is not closed, or nothing follows a '\\'")?);
            }
            None => spread.push(argument.clone()),
        }
    }
    Ok(spread)
}

/// Joins lines that end in a backslash and drops comments, as a shell does before it parts words. Lines may end as those of
/// a file that was saved on Windows.
fn joined(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut joined = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut quote = None;
    while let Some(c) = rest.next() {
        let begins_word = joined.chars().next_back().is_none_or(char::is_whitespace);
        match (c, quote) {
            ('\\', None | Some('"')) => match rest.next() {
                Some('\n') => {}
                next => joined.extend([Some(c), next].into_iter().flatten()),
            },
            ('#', None) if begins_word => while rest.next_if(|next| *next != '\n').is_some() {},
            ('\'' | '"', None) => {
                quote = Some(c);
                joined.push(c);
            }
            _ => {
                quote = quote.filter(|open| *open != c);
                joined.push(c);
            }
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Result<Vec<String>, String> {
        spread(&["bench", "run", "--arguments", text, "-q"].map(str::to_owned))
    }

    #[test]
    fn a_text_of_several_lines_is_read_as_a_shell_reads_it() {
        let expected = ["bench", "run", "--agent", "exec:python3 a.py", "--epochs", "2", "-q"];
        for text in [
            "--agent 'exec:python3 a.py' --epochs 2",
            "--agent \"exec:python3 a.py\"\n--epochs 2\n",
            "\n\n  --agent exec:python3\\ a.py\r\n\t--epochs 2\r\n",
            "--agent 'exec:python3 a.py' \\\n  --epochs 2 # twice\n",
            "--agent 'exec:python3 a.py' # it's ours\n\\\n--epo\\\nchs 2 \\\r\n",
            "--agent \"exec:python3 \\\na.py\" --epochs 2",
        ] {
            assert_eq!(words(text).unwrap(), expected, "{text:?}");
        }
        assert_eq!(words(" \n ").unwrap(), ["bench", "run", "-q"]);
        // What is quoted stays as it is, even if it is empty.
        assert_eq!(words("'' 'a#b\\' c#d \"# e\"").unwrap()[2..6], ["", "a#b\\", "c#d", "# e"]);
        assert!(words("--agent 'exec:python3 a.py").is_err());
        let joined = spread(&["bench".to_owned(), "--arguments=--epochs 2".to_owned()]);
        assert_eq!(joined.unwrap(), ["bench", "--epochs", "2"]);
    }

    #[test]
    fn it_is_an_option_of_a_run_and_of_nothing_else() {
        let read = |arguments: &[&str]| Cli::read(arguments.iter().map(ToString::to_string));
        let Some(Command::Run(run)) = read(&["bench", "run", "--arguments", "--epochs 3"]).unwrap().command else {
            panic!("it is a run")
        };
        assert_eq!((run.options.epochs, run.arguments), (Some(3), None));
        assert_eq!(read(&["bench", "--arguments", "--epochs 3"]).unwrap().run.options.epochs, Some(3));
        for wrong in ["--arguments x", "--what", "compare a b", "--epochs", "'", "--epochs 1 --epochs 2"] {
            assert!(read(&["bench", "run", "--arguments", wrong]).is_err(), "{wrong}");
        }
        assert!(read(&["bench", "list", "--arguments", "x"]).is_err());
    }
}
