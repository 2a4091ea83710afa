//! Finds which file of the workspace imports which: every path in the code is followed through re-exports to the file
//! that defines what it names.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::Visit;
use syn::{Attribute, Item, UseTree, Visibility};

/// The path of a module: the name of its crate, then the names of the modules.
type ModulePath = Vec<String>;

/// A module, which may be a file or an inline `mod` in one.
#[derive(Default)]
struct Module {
    /// The file that it is in, relative to the root of the workspace.
    file: String,
    /// The child modules.
    children: BTreeSet<String>,
    /// Names that the module imports, with the path that each means. Re-exports are among them.
    imported: BTreeMap<String, ModulePath>,
    /// The paths of `use …::*`.
    globs: Vec<ModulePath>,
    /// Every path that the code of the module mentions, as it is written.
    mentioned: Vec<ModulePath>,
}

/// The modules of the workspace, and the edges between its files.
#[derive(Default)]
pub(crate) struct Imports {
    modules: BTreeMap<ModulePath, Module>,
    /// The first line of documentation of each file.
    pub(crate) about: BTreeMap<String, String>,
}

/// The files that each file imports from.
pub(crate) type Edges = BTreeMap<String, BTreeSet<String>>;

impl Imports {
    /// Reads a crate, given as its name and the folder of its sources relative to `root`.
    pub(crate) fn read_crate(&mut self, root: &Path, name: &str, sources: &str) {
        self.read_file(root, &format!("{sources}/lib.rs"), vec![name.to_owned()]);
    }

    fn read_file(&mut self, root: &Path, file: &str, path: ModulePath) {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let folder = match file.rsplit_once('/') {
            Some((folder, "lib.rs" | "mod.rs")) => folder.to_owned(),
            _ => file.trim_end_matches(".rs").to_owned(),
        };
        for child in self.read_text(file, &text, path.clone()) {
            let flat = format!("{folder}/{child}.rs");
            let nested = format!("{folder}/{child}/mod.rs");
            let found = if root.join(&flat).exists() { flat } else { nested };
            self.read_file(root, &found, [path.clone(), vec![child]].concat());
        }
    }

    /// Reads the text of a file and returns the names of the child modules that are files of their own. Code that only
    /// tests see is left out.
    pub(crate) fn read_text(&mut self, file: &str, text: &str, path: ModulePath) -> Vec<String> {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        let about = text.lines().take_while(|line| line.starts_with("//!")).map(|line| line[3..].trim());
        let about: Vec<_> = about.take_while(|line| !line.is_empty()).collect();
        self.about.insert(file.to_owned(), about.join(" "));
        let mut outline = Vec::new();
        self.read_items(file, &parsed.items, path, &mut outline);
        outline
    }

    fn read_items(&mut self, file: &str, items: &[Item], path: ModulePath, outline: &mut Vec<String>) {
        let mut module = Module { file: file.to_owned(), ..Module::default() };
        for item in items {
            match item {
                Item::Mod(inner) if !is_for_tests(&inner.attrs) => {
                    let name = inner.ident.to_string();
                    module.children.insert(name.clone());
                    match &inner.content {
                        None => outline.push(name),
                        Some((_, items)) => {
                            let mut none = Vec::new();
                            self.read_items(file, items, [path.clone(), vec![name]].concat(), &mut none);
                        }
                    }
                }
                Item::Mod(_) => {}
                Item::Use(item) if is_for_tests(&item.attrs) => {}
                Item::Use(item) => {
                    let is_export = !matches!(item.vis, Visibility::Inherited);
                    module.add_use(&item.tree, &mut Vec::new(), is_export);
                }
                other => {
                    let mut paths = Mentions::default();
                    paths.visit_item(other);
                    module.mentioned.append(&mut paths.found);
                }
            }
        }
        self.modules.insert(path, module);
    }

    /// Returns the file that defines what a path names, or `None` if the workspace does not define it. `from` is the
    /// module in which the path is written.
    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<&str> {
        // A circle of re-exports would never end.
        if depth > 12 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let here = &self.modules[from];
        match first.as_str() {
            "crate" => self.walk(vec![from[0].clone()], rest, depth),
            "self" => self.walk(from.clone(), rest, depth),
            "super" => self.walk(from[..from.len() - 1].to_vec(), rest, depth),
            name if here.children.contains(name) => {
                self.walk([from.clone(), vec![first.clone()]].concat(), rest, depth)
            }
            name if here.imported.contains_key(name) => {
                let target = [here.imported[name].clone(), rest.to_vec()].concat();
                // `use x::y` in a module that declares `x` is about its child, and not about itself.
                if target.first() == Some(first) && target.len() == path.len() {
                    None
                } else {
                    self.resolve(from, &target, depth + 1)
                }
            }
            name if self.modules.contains_key(&vec![name.to_owned()]) => self.walk(vec![first.clone()], rest, depth),
            _ => None,
        }
    }

    fn walk(&self, at: ModulePath, rest: &[String], depth: usize) -> Option<&str> {
        let module = self.modules.get(&at)?;
        let Some((next, further)) = rest.split_first() else { return Some(&module.file) };
        if next == "super" {
            return self.walk(at[..at.len() - 1].to_vec(), further, depth);
        }
        if module.children.contains(next) {
            return self.walk([at, vec![next.clone()]].concat(), further, depth);
        }
        if let Some(target) = module.imported.get(next) {
            let target = [target.clone(), further.to_vec()].concat();
            return self.resolve(&at, &target, depth + 1);
        }
        let by_glob = module.globs.iter().find_map(|glob| {
            let target = [glob.clone(), rest.to_vec()].concat();
            self.resolve(&at, &target, depth + 1).filter(|file| **file != *module.file)
        });
        by_glob.or(Some(&module.file))
    }

    /// Returns which file imports from which. A module that re-exports what its children define does not import from
    /// them.
    pub(crate) fn edges(&self) -> Edges {
        let mut edges = Edges::new();
        for (path, module) in &self.modules {
            let to = edges.entry(module.file.clone()).or_default();
            for mentioned in &module.mentioned {
                if let Some(file) = self.resolve(path, mentioned, 0) {
                    to.insert(file.to_owned());
                }
            }
            to.remove(&module.file);
        }
        edges
    }
}

impl Module {
    fn add_use(&mut self, tree: &UseTree, prefix: &mut ModulePath, is_export: bool) {
        let mut add = |name: String, path: ModulePath| {
            if !is_export {
                self.mentioned.push(path.clone());
            }
            self.imported.insert(name, path);
        };
        match tree {
            UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.add_use(&path.tree, prefix, is_export);
                prefix.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                add(prefix.last().cloned().unwrap_or_default(), prefix.clone());
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                add(name.clone(), [prefix.clone(), vec![name]].concat());
            }
            UseTree::Rename(rename) => {
                let name = rename.ident.to_string();
                let path = if name == "self" { prefix.clone() } else { [prefix.clone(), vec![name]].concat() };
                add(rename.rename.to_string(), path);
            }
            UseTree::Glob(_) => {
                if !is_export {
                    self.mentioned.push(prefix.clone());
                }
                self.globs.push(prefix.clone());
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_use(tree, prefix, is_export);
                }
            }
        }
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.meta.require_list().is_ok_and(|list| {
                list.tokens.to_string().split(|c: char| !c.is_alphanumeric()).any(|word| word == "test")
            })
    })
}

/// Collects the paths that code mentions, in expressions, types, attributes and the arguments of macros.
#[derive(Default)]
struct Mentions {
    found: Vec<ModulePath>,
}

impl Mentions {
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: ModulePath = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    colons = 0;
                    self.tokens(group.stream());
                }
                _ => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut ModulePath) {
        if path.len() > 1 {
            self.found.push(std::mem::take(path));
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Mentions {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: ModulePath = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if segments.len() > 1 {
            self.found.push(segments);
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let syn::Meta::List(list) = &attribute.meta {
            self.tokens(list.tokens.clone());
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A `use` inside a function.
        let mut module = Module::default();
        module.add_use(&item.tree, &mut Vec::new(), false);
        self.found.append(&mut module.mentioned);
    }

    // `pub(in crate::room)` names a room without using it.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_item_mod(&mut self, _: &'ast syn::ItemMod) {}
}

/// Returns the groups of files that import each other in a circle, each sorted by name.
pub(crate) fn circles(edges: &Edges) -> BTreeSet<Vec<String>> {
    let reached: BTreeMap<_, _> = edges.keys().map(|file| (file, reachable(edges, file))).collect();
    let group = |file: &String| {
        let ahead = &reached[file];
        ahead.iter().filter(|other| reached[other].contains(file)).cloned().collect::<Vec<_>>()
    };
    edges.keys().filter(|file| reached[file].contains(*file)).map(group).collect()
}

/// Returns every file that a file imports, directly or through others.
fn reachable(edges: &Edges, file: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut left = vec![file];
    while let Some(at) = left.pop() {
        for next in &edges[at] {
            if found.insert(next.clone()) {
                left.push(next);
            }
        }
    }
    found
}
