//! A scanned data set in order of its tags, item by item, without recursion: what JSON and the printed form share.

use super::object::Node;
use super::scan::{Kind, Token};

/// One step through a data set.
#[derive(Debug)]
pub enum Event<'v, 'o> {
    /// An element that holds no items. `path` leads to it: `7FE00010`, `54000100/1/54001010`.
    Element {
        /// The data set or item it stands in.
        node: &'v Node<'o>,
        /// Its index there.
        index: usize,
        /// Its token.
        token: &'v Token,
        /// Its path.
        path: &'v str,
    },
    /// A sequence begins.
    Sequence {
        /// Its token.
        token: &'v Token,
        /// How many items follow.
        items: usize,
    },
    /// The next item begins; counted from 1.
    Item(usize),
    /// The item ends.
    EndItem,
    /// The sequence ends.
    EndSequence,
}

struct Level<'o> {
    node: Node<'o>,
    elements: std::vec::IntoIter<(usize, Token)>,
    path: String,
    // The sequence being visited: path of its items, those that remain, how many are over.
    sequence: Option<(String, std::vec::IntoIter<Node<'o>>, usize)>,
}

impl<'o> Level<'o> {
    fn new(node: Node<'o>, path: String) -> Self {
        let mut elements: Vec<(usize, Token)> = node.elements().map(|(i, t)| (i, *t)).collect();
        // The sort keeps equal tags in their order, and of them the first counts (specification §2).
        elements.sort_by_key(|(_, t)| t.tag);
        elements.dedup_by_key(|(_, t)| t.tag);
        Self { node, elements: elements.into_iter(), path, sequence: None }
    }
}

/// Visits every element once. The depth is bounded by the scanner.
pub fn visit(root: Node<'_>, on: &mut dyn FnMut(Event<'_, '_>)) {
    let mut stack = vec![Level::new(root, String::new())];
    while let Some(level) = stack.last_mut() {
        if let Some((path, items, over)) = &mut level.sequence {
            if let Some(item) = items.next() {
                *over += 1;
                on(Event::Item(*over));
                let path = format!("{path}/{over}/");
                stack.push(Level::new(item, path));
            } else {
                on(Event::EndSequence);
                level.sequence = None;
            }
            continue;
        }
        let Some((index, token)) = level.elements.next() else {
            stack.pop();
            if !stack.is_empty() {
                on(Event::EndItem);
            }
            continue;
        };
        let path = format!("{}{}", level.path, token.tag);
        if token.kind == Kind::Sequence {
            let items = level.node.items_at(index);
            on(Event::Sequence { token: &token, items: items.len() });
            level.sequence = Some((path, items.into_iter(), 0));
        } else {
            on(Event::Element { node: &level.node, index, token: &token, path: &path });
        }
    }
}
