use super::*;

/// Paths are unique, and those for administrators are recognisable.
#[test]
fn paths_are_unique_and_show_their_access() {
    let pages = Page::ALL.iter().map(|page| (page.path(), page.access()));
    let files = Download::ALL.map(|file| (file.path(), file.page().access()));
    let streams = Stream::ALL.map(|stream| (stream.path(), stream.access()));
    let all: Vec<_> = pages.chain(files).chain(streams).collect();
    for (at, (path, access)) in all.iter().enumerate() {
        assert!(path.starts_with('/'), "{path}");
        assert!(all[..at].iter().all(|(other, _)| other != path), "{path}");
        let is_for_administrators = path.starts_with("/admin/");
        assert_eq!(
            *access == Access::Administrator,
            is_for_administrators,
            "{path}"
        );
    }
}

/// Otherwise a page could be reached by its address alone.
#[test]
fn every_private_page_is_in_the_navigation_or_below_an_entry() {
    // The guard leads to it.
    const REACHED_BY_REDIRECT: [Page; 1] = [Page::Confirm];
    for page in Page::ALL {
        let is_listed = Page::MENU.iter().any(|(entry, ..)| *entry == page.entry());
        let is_private = page.access() != Access::Anyone;
        let is_expected = is_private && !REACHED_BY_REDIRECT.contains(page);
        assert_eq!(is_listed, is_expected, "{page:?}");
    }
    for (page, group, _) in Page::MENU {
        let is_for_administrators = page.access() == Access::Administrator;
        assert_eq!(
            *group == Group::Administration,
            is_for_administrators,
            "{page:?}"
        );
    }
}

#[test]
fn the_page_of_an_account_has_its_id_in_the_path() {
    assert_eq!(Page::of_account("abc"), "/admin/users/abc");
}
