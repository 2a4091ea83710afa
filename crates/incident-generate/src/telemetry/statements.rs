//! Statements in the logs of databases, as the library of the client makes them, and what services say of a call or a query
//! that failed. Each table has columns of its own.

use std::fmt::Write;

use crate::data::phrase::{Fill, Known, Place};
use crate::incident::calendar::Style;
use crate::telemetry::spelling::{table_of, write_camel, write_pascal};
use crate::telemetry::words::Words;

/// The columns that tables may have beside their keys.
const COLUMNS: [&str; 20] = [
    "status",
    "created_at",
    "updated_at",
    "version",
    "tenant_id",
    "external_ref",
    "customer_id",
    "amount",
    "currency",
    "type",
    "payload",
    "valid_from",
    "deleted",
    "owner_id",
    "name",
    "note",
    "seq_no",
    "source",
    "hash",
    "is_active",
];
/// How the exception begins that a service in Java has of what is not there.
const NULL: &str = "java.lang.NullPointerException: Cannot invoke";
/// The numbers of statements that read, change and add a row.
const READ: u64 = 0;
const CHANGE: u64 = 1;

/// The library that a client makes statements with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Library {
    /// Hibernate.
    Java,
    /// `SQLAlchemy`.
    Python,
    /// Knex, or Prisma.
    Node,
    /// Statements that somebody wrote.
    Plain,
}

impl Words<'_> {
    fn library(&self) -> Library {
        let dialects = &self.world.library.dialects;
        match dialects.get(self.of(self.caller).technology(dialects)).id.as_str() {
            "java" => Library::Java,
            "python" => Library::Python,
            "nodejs" => Library::Node,
            _ => Library::Plain,
        }
    }

    /// Returns the columns of the table that an entry is about, beside its key.
    fn columns(&self) -> Vec<&'static str> {
        let of = self.database();
        let (first, step) = (of.drawn(110, 0, 19) as usize, [1, 3, 7, 9][of.drawn(111, 0, 3) as usize]);
        (0..of.drawn(112, 2, 7) as usize).map(|number| COLUMNS[(first + number * step) % COLUMNS.len()]).collect()
    }

    /// Returns whether the database has literal values in what it logs.
    fn is_mysql(&self) -> bool {
        let dialects = &self.world.library.dialects;
        dialects.get(self.own().technology(dialects)).id == "mysql"
    }

    /// Returns a value of a column in a statement.
    fn value(&self, column: &str, number: u64) -> String {
        if !self.is_mysql() {
            return format!("${number}");
        }
        let drawn = |low, high| self.within(1 << 62 | number, low, high);
        match column {
            "created_at" | "updated_at" | "valid_from" => {
                let mut text = "'".to_owned();
                self.moment_at(&mut text, self.time - i64::from(drawn(40, 9_000_000)), Style::Date);
                text.push(' ');
                self.moment_at(&mut text, self.time - i64::from(drawn(40, 9_000_000)), Style::Time);
                text.push('\'');
                text
            }
            "status" => format!("'{}'", ["open", "NEW", "pending", "active", "done"][drawn(0, 4) as usize]),
            "version" | "seq_no" => drawn(1, 14).to_string(),
            "deleted" | "is_active" => drawn(0, 1).to_string(),
            "amount" => format!("{}.{:02}", drawn(1, 900), drawn(0, 99)),
            "currency" => "'EUR'".to_owned(),
            "type" | "name" | "note" | "source" | "payload" | "hash" | "external_ref" => {
                format!("'{:x}'", self.bits(1 << 62 | number) >> 36)
            }
            _ => drawn(1_900, 9_400_000).to_string(),
        }
    }

    /// Returns a statement, and the place of its table in it, from 1 on.
    fn text_of(&self, sort: u64) -> (String, usize) {
        let (table, columns, library) = (table_of(self.database()), self.columns(), self.library());
        let quote = match library {
            Library::Node if self.is_mysql() => "`",
            Library::Node => "\"",
            _ => "",
        };
        let quoted = |name: &str| format!("{quote}{name}{quote}");
        let select = ["select", "SELECT"][usize::from(library == Library::Python)];
        let (mut text, mut at) = (String::new(), 0);
        let mut table_at = |text: &mut String, name: &str| {
            at = text.chars().count() + 1;
            text.push_str(name);
        };
        match (sort, library) {
            (READ, Library::Java) => {
                let alias = format!("{}1_0", &table[..1]);
                let all: Vec<_> = columns.iter().map(|column| format!("{alias}.{column}")).collect();
                let _ = write!(text, "select {alias}.id,{} from ", all.join(","));
                table_at(&mut text, table);
                let _ = write!(text, " {alias} where {alias}.id={}", self.value("id", 1));
            }
            (READ, Library::Python) => {
                let all: Vec<_> = ["id"].iter().chain(&columns).map(|column| format!("{table}.{column}")).collect();
                let _ = write!(text, "SELECT {} \n\tFROM ", all.join(", "));
                table_at(&mut text, table);
                let _ = write!(text, " \n\tWHERE {table}.{} = {}", columns[0], self.value(columns[0], 1));
                // What the server puts in front of a further line is no part of the statement.
                at -= 1;
            }
            (READ, _) => {
                let all: Vec<_> = ["id"].iter().chain(&columns).map(|column| quoted(column)).collect();
                let _ = write!(text, "{select} {} from ", all.join(", "));
                table_at(&mut text, &quoted(table));
                let _ = write!(text, " where {} = {}", quoted("id"), self.value("id", 1));
                if library == Library::Node {
                    let _ = write!(text, " limit {}", self.value("version", 2));
                }
            }
            (CHANGE, _) => {
                text.push_str(if library == Library::Python { "UPDATE " } else { "update " });
                table_at(&mut text, &quoted(table));
                let changed = &columns[..columns.len().min(3)];
                let (equals, comma) = if library == Library::Java { ("=", ",") } else { (" = ", ", ") };
                let set = (1..)
                    .zip(changed)
                    .map(|(number, column)| format!("{}{equals}{}", quoted(column), self.value(column, number)));
                let set: Vec<_> = set.collect();
                let key = self.value("id", changed.len() as u64 + 1);
                let set = set.join(comma);
                let _ = match library {
                    Library::Python => write!(text, " SET {set} WHERE {table}.id{equals}{key}"),
                    _ => write!(text, " set {set} where {}{equals}{key}", quoted("id")),
                };
            }
            _ => {
                text.push_str(if library == Library::Python { "INSERT INTO " } else { "insert into " });
                table_at(&mut text, &quoted(table));
                let all: Vec<_> = columns.iter().chain(&["id"]).map(|column| quoted(column)).collect();
                let values: Vec<_> = (1..)
                    .zip(columns.iter().chain(&["id"]))
                    .map(|(number, column)| self.value(column, number))
                    .collect();
                let (comma, word) = if library == Library::Java { (",", "values") } else { (", ", "values") };
                let word = if library == Library::Python { "VALUES" } else { word };
                let _ = write!(text, " ({}) {word} ({})", all.join(comma), values.join(comma));
            }
        }
        (text, at)
    }

    /// Appends a statement.
    pub(super) fn statement(&self, out: &mut String, place: Known) -> std::fmt::Result {
        out.write_str(&self.text_of(sort_of(place)).0)
    }

    /// Appends where in a statement its table is named.
    pub(super) fn statement_at(&self, out: &mut String, place: Known) -> std::fmt::Result {
        write!(out, "{}", self.text_of(sort_of(place)).1)
    }

    /// Appends what services of the company say of a call that failed.
    pub(super) fn call_failed(&self, out: &mut String) -> std::fmt::Result {
        let (mut peer, mut ms) = (String::new(), String::new());
        self.fill(&mut peer, Place::Known(Known::Peer), 0);
        self.fill(&mut ms, Place::Known(Known::Ms), 0);
        match self.site().choice(32, 7) {
            0 => write!(out, "Call to {peer} failed after {ms} ms"),
            1 => write!(out, "{peer} request failed ({ms} ms)"),
            2 => write!(out, "Request to {peer} did not succeed [{ms}ms]"),
            3 => write!(out, "Error while calling {peer}, elapsed={ms}"),
            4 => write!(out, "Exception in remote call to {peer} after {ms}ms"),
            5 => write!(out, "{peer}: no success after {ms} ms"),
            _ => write!(out, "REST call {peer} ended with error (duration {ms})"),
        }
    }

    /// Appends what a service says of a query that failed.
    pub(super) fn query_failed(&self, out: &mut String) -> std::fmt::Result {
        let (mut peer, mut database) = (String::new(), String::new());
        self.fill(&mut peer, Place::Known(Known::Peer), 0);
        self.fill(&mut database, Place::Known(Known::Database), 0);
        match self.own().drawn(115, 0, 6) {
            0 => write!(out, "query on {peer} failed"),
            1 => write!(out, "could not load {} from {database}", table_of(self.database())),
            2 => write!(out, "{database}: {} lookup failed", table_of(self.database())),
            3 => write!(out, "DB error ({peer})"),
            4 => write!(out, "unexpected database error in {}Repository", {
                let mut one = String::new();
                write_pascal(&mut one, self.own().resource().map_or("record", |resource| &resource.one));
                one
            }),
            5 => write!(out, "failed to fetch {}", table_of(self.database())),
            _ => write!(out, "transaction rolled back on {peer}"),
        }
    }

    /// Appends what a service in Java cannot do with a value that is not there, with the class of the exception.
    pub(super) fn write_null(&self, out: &mut String, field: &str) -> std::fmt::Result {
        let mut getter = String::new();
        write_pascal(&mut getter, field);
        let mut package = String::new();
        self.package(&mut package);
        let mut one = String::new();
        write_pascal(&mut one, self.own().resource().map_or("record", |resource| &resource.one));
        let returned = format!("because the return value of \"{package}domain.{one}.get{getter}()\" is null");
        let mut camel = String::new();
        write_camel(&mut camel, field);
        match self.own().drawn(101, 0, 9) {
            0 => write!(out, "{NULL} \"String.equals(Object)\" {returned}"),
            1 => write!(
                out,
                "{NULL} \"java.math.BigDecimal.compareTo(java.math.BigDecimal)\" because \"this.{camel}\" is null"
            ),
            2 => write!(out, "{NULL} \"java.util.List.size()\" {returned}"),
            3 => write!(
                out,
                "java.lang.NullPointerException: Cannot read field \"{camel}\" because \"<local4>\" is null"
            ),
            4 => {
                write!(out, "{NULL} \"java.time.Instant.isBefore(java.time.Instant)\" because \"<parameter2>\" is null")
            }
            5 => write!(
                out,
                "{NULL} \"java.lang.Integer.intValue()\" because the return value of \"java.util.Map.get(Object)\" is null"
            ),
            6 => write!(out, "{NULL} \"String.toUpperCase()\" because \"<local2>\" is null"),
            7 => write!(out, "java.lang.IllegalStateException: expected one {camel}, found 2"),
            8 => out.write_str(
                "java.lang.ClassCastException: class java.lang.String cannot be cast to class java.lang.Long \
                 (java.lang.String and java.lang.Long are in module java.base of loader 'bootstrap')",
            ),
            _ => write!(out, "java.lang.IllegalArgumentException: No enum constant {package}domain.{getter}.UNKNOWN_1"),
        }
    }
}

/// Returns the number of the sort of statement that a place stands for.
const fn sort_of(place: Known) -> u64 {
    match place {
        Known::SqlRead | Known::SqlReadAt => READ,
        Known::SqlChange | Known::SqlChangeAt => CHANGE,
        _ => 2,
    }
}
