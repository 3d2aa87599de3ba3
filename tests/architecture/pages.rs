//! The browser tests and the bench cover every page: their lists are compared with `Page`.

use std::fs;
use vestibule::domain::page::{Access, Page};

const LISTS: &str = "end2end/support/pages.ts";

const WEIGHTS: &str = "benches/src/weights.rs";

/// They redirect and have no content.
const LEADING_ON: [Page; 2] = [Page::Home, Page::ChangePassword];

/// The paths in `export const PRIVATE = ['/a', '/b'];`
fn private_pages(lists: &str) -> Vec<&str> {
    let list = lists.split("export const PRIVATE = [").nth(1);
    let list = list.and_then(|rest| rest.split(']').next());
    let paths = list.unwrap_or_default().split(',').map(str::trim);
    let paths = paths.map(|path| path.trim_matches('\''));
    paths.filter(|path| !path.is_empty()).collect()
}

/// Whether a scene of `PAGES` has the name of the page, or its path.
fn has_scene(lists: &str, path: &str) -> bool {
    let scenes = lists.split("export const PAGES").nth(1).unwrap_or_default();
    let name = path.trim_start_matches('/');
    let goes_there = match path.split_once('{') {
        None => scenes.contains(&format!("'{path}'")),
        Some((before, _)) => scenes.contains(&format!("`{before}${{")),
    };
    goes_there
        || [format!("\n  {name}: "), format!("\n  '{name}': ")]
            .iter()
            .any(|key| scenes.contains(key))
}

fn lists() -> String {
    fs::read_to_string(crate::root().join(LISTS)).expect(LISTS)
}

/// They are searched for the token, and hidden from visitors who are not signed in.
#[test]
fn every_private_page_is_searched_for_the_token() {
    let private = Page::ALL
        .iter()
        .filter(|page| page.access() == Access::SignedIn);
    let private: Vec<_> = private.map(|page| page.path()).collect();
    assert_eq!(
        private_pages(&lists()),
        private,
        "PRIVATE in {LISTS} and Page in src/domain/page.rs"
    );
}

/// By axe, in all colours and widths, and for `make shots`.
#[test]
fn every_page_has_a_scene() {
    let lists = lists();
    for page in Page::ALL.iter().filter(|page| !LEADING_ON.contains(page)) {
        assert!(
            has_scene(&lists, page.path()),
            "no scene of PAGES in {LISTS} goes to {}: add one, so that axe and `make shots` see the page",
            page.path()
        );
    }
}

/// By `make bench`, which takes a quarter of an hour and is no part of `make test`.
#[test]
fn every_page_is_weighed() {
    let pages = fs::read_to_string(crate::root().join(WEIGHTS)).expect(WEIGHTS);
    for page in Page::ALL.iter().filter(|page| !LEADING_ON.contains(page)) {
        let row = format!("\"{}\",", page.path());
        assert!(
            pages.contains(&row),
            "PAGES in {WEIGHTS} has no {}",
            page.path()
        );
    }
}

#[test]
fn pages_without_a_scene_are_detected() {
    let lists = "export const PRIVATE = ['/a', '/b/c'];\nexport const PAGES = {\n  a: x,\n  'd-e': y('/b/c'),\n";
    assert_eq!(private_pages(lists), ["/a", "/b/c"]);
    assert!(has_scene(lists, "/a") && has_scene(lists, "/d-e") && has_scene(lists, "/b/c"));
    assert!(!has_scene(lists, "/d") && !has_scene(lists, "/b"));
    assert_eq!(private_pages(""), [""; 0]);
}
