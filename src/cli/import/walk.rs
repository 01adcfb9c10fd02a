//! The files of folders, one after the other: bounded depth, links not followed, names in order.

use std::path::PathBuf;

/// Folders inside folders at most.
const MAX_DEPTH: usize = 64;
/// Names of one folder at most; they are sorted in memory.
const MAX_NAMES: usize = 1_000_000;

/// A walk; gives files, and what could not be looked at with the reason.
pub(super) struct Walk {
    /// What is still to be looked at, the next one last, with its depth.
    left: Vec<(PathBuf, usize)>,
}

impl Walk {
    /// Begins at the given paths, in their order.
    pub(super) fn new(paths: Vec<PathBuf>) -> Self {
        Self { left: paths.into_iter().rev().map(|p| (p, 0)).collect() }
    }

    fn enter(&mut self, folder: &std::path::Path, depth: usize) -> Result<(), String> {
        if depth >= MAX_DEPTH {
            return Err(format!("depth: folders are followed {MAX_DEPTH} deep"));
        }
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|e| format!("read: {e}"))? {
            names.push(entry.map_err(|e| format!("read: {e}"))?.path());
            if names.len() > MAX_NAMES {
                return Err(format!("count: more than {MAX_NAMES} names in one folder"));
            }
        }
        names.sort();
        self.left.extend(names.into_iter().rev().map(|p| (p, depth + 1)));
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<PathBuf, (PathBuf, String)>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((path, depth)) = self.left.pop() {
            let kind = match std::fs::symlink_metadata(&path) {
                Ok(meta) => meta.file_type(),
                Err(e) => return Some(Err((path, format!("read: {e}")))),
            };
            if kind.is_file() {
                return Some(Ok(path));
            }
            let entered = if kind.is_dir() {
                self.enter(&path, depth)
            } else if kind.is_symlink() {
                Err("link: links are not followed".to_owned())
            } else {
                Err("kind: neither a file nor a folder".to_owned())
            };
            if let Err(why) = entered {
                return Some(Err((path, why)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_and_links_are_named() {
        let root = std::env::temp_dir().join(format!("yigong-walk-{}", std::process::id()));
        let mut deep = root.join("d");
        for _ in 0..70 {
            deep.push("x");
        }
        std::fs::create_dir_all(&deep).unwrap();
        for name in ["b", "a", "d/z"] {
            std::fs::write(root.join(name), b"x").unwrap();
        }
        std::os::unix::fs::symlink("/", root.join("c")).unwrap();
        let found: Vec<_> = Walk::new(vec![root.clone(), root.join("none")]).collect();
        let files: Vec<_> = found.iter().flatten().collect();
        assert_eq!(files, [&root.join("a"), &root.join("b"), &root.join("d/z")]);
        let why: Vec<&str> = found
            .iter()
            .filter_map(|f| f.as_ref().err())
            .map(|(_, w)| w.split(':').next().unwrap())
            .collect();
        assert_eq!(why, ["link", "depth", "read"]);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
