use super::*;

const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

/// A database with its keys, renewed at any time.
struct Rows {
    sealing_key: SealingKey,
    rows: Vec<SealedKey>,
}

impl Rows {
    fn new() -> Self {
        Self {
            sealing_key: SealingKey::random(),
            rows: Vec::new(),
        }
    }

    fn open(&self) -> KeySet {
        let (set, unusable) = KeySet::open(&self.rows, &self.sealing_key);
        assert_eq!(unusable, []);
        set
    }

    fn renew(&mut self, now: Timestamp) -> KeySet {
        let next = self.open().next_key(&self.sealing_key, now);
        self.rows.extend(next);
        self.open()
    }
}

fn numbers(set: &KeySet, now: Timestamp) -> (usize, Vec<usize>) {
    let index = |id: &str| set.keys.iter().position(|key| key.id == id).unwrap();
    let signer = index(&set.signer(now).unwrap().id);
    (
        signer,
        set.published(now).map(|key| index(&key.id)).collect(),
    )
}

#[test]
fn the_first_key_signs_at_once() {
    let mut rows = Rows::new();
    assert!(rows.open().signer(START).is_none());
    let set = rows.renew(START);
    assert_eq!(numbers(&set, START), (0, vec![0]));
    assert_eq!(rows.renew(START).keys.len(), 1, "one is enough");
}

#[test]
fn keys_rotate_with_an_overlap_on_both_sides() {
    let mut rows = Rows::new();
    rows.renew(START);
    let made = START.after(29 * DAY);
    assert_eq!(rows.renew(made.before(MINUTE)).keys.len(), 1);
    let set = rows.renew(made);
    assert_eq!(
        numbers(&set, made),
        (0, vec![0, 1]),
        "published, and not used yet"
    );
    let signs = START.after(30 * DAY);
    assert_eq!(numbers(&set, signs.before(MINUTE)), (0, vec![0, 1]));
    assert_eq!(
        numbers(&set, signs),
        (1, vec![0, 1]),
        "the old one still verifies"
    );
    let end = signs.after(PUBLISHED_AFTER_USE);
    assert_eq!(numbers(&set, end.before(MINUTE)), (1, vec![0, 1]));
    assert_eq!(numbers(&set, end), (1, vec![1]));
    assert!(set.find(&rows.rows[0].id, end).is_none());
    assert_eq!(
        rows.rows.iter().map(|row| row.number).collect::<Vec<_>>(),
        [0, 1]
    );
}

/// A year, in steps of six hours.
#[test]
fn no_key_signs_before_it_was_published_for_a_day() {
    let mut rows = Rows::new();
    let first = rows.renew(START).keys.len();
    assert_eq!(first, 1);
    let mut now = START;
    while now < START.after(365 * DAY) {
        now = now.after(DAY / 4);
        let set = rows.renew(now);
        let signer = set.signer(now).unwrap();
        let row = rows.rows.iter().find(|row| row.id == signer.id).unwrap();
        assert!(row.number == 0 || now.since(row.created_at) >= DAY);
        assert!(
            now.since(row.signs_from) <= ROTATE_EVERY + DAY / 4,
            "each is replaced in time"
        );
        assert!(set.published(now).count() <= 2);
    }
    assert!((12..=14).contains(&rows.rows.len()), "{}", rows.rows.len());
}

#[test]
fn after_months_of_rest_the_old_key_signs_until_the_new_one_is_known() {
    let mut rows = Rows::new();
    rows.renew(START);
    let now = START.after(200 * DAY);
    let set = rows.renew(now);
    assert_eq!(numbers(&set, now), (0, vec![0, 1]));
    assert_eq!(numbers(&set, now.after(DAY)), (1, vec![0, 1]));
}

#[test]
fn a_clock_that_is_set_back_leaves_a_key() {
    let mut rows = Rows::new();
    let set = rows.renew(START);
    assert_eq!(numbers(&set, START.before(400 * DAY)), (0, vec![0]));
    assert_eq!(rows.renew(START.before(400 * DAY)).keys.len(), 1);
}

/// A thief of the database has public keys and sealed texts. One who can write to it cannot make a key of their own.
#[test]
fn only_what_was_sealed_here_is_a_key() {
    let mut rows = Rows::new();
    rows.renew(START);
    rows.renew(START.after(29 * DAY));
    let mut mallory = Rows::new();
    mallory.renew(START);
    let [first, second] = [rows.rows[0].clone(), rows.rows[1].clone()];
    let forged = SealedKey {
        sealed_by: first.sealed_by.clone(),
        ..mallory.rows[0].clone()
    };
    let mut swapped = [first.clone(), second.clone()];
    swapped[0].sealed_key.clone_from(&second.sealed_key);
    swapped[0].public_key.clone_from(&second.public_key);
    let mut renamed = first.clone();
    renamed.id = second.id.clone();
    let mut republished = first.clone();
    republished
        .public_key
        .clone_from(&mallory.rows[0].public_key);
    let mut unsealed = first.clone();
    unsealed.sealed_key = unsealed.sealed_key.replace("v1.", "");
    for (changed, row) in [
        ("forged", forged),
        ("swapped", swapped[0].clone()),
        ("renamed", renamed),
        ("republished", republished),
        ("unsealed", unsealed),
    ] {
        let (set, unusable) = KeySet::open(std::slice::from_ref(&row), &rows.sealing_key);
        assert!(set.signer(START).is_none(), "{changed}");
        assert_eq!(unusable, [Unusable::Changed(row.id)], "{changed}");
        let next = set.next_key(&rows.sealing_key, START).unwrap();
        assert_eq!(
            next.number,
            first.number + 1,
            "the number of the changed row is taken"
        );
    }
    let (set, unusable) = KeySet::open(&swapped, &rows.sealing_key);
    assert_eq!(numbers(&set, START), (0, vec![0]), "the other row is good");
    assert_eq!(unusable.len(), 1);
}

#[test]
fn under_another_sealing_key_there_is_a_new_beginning() {
    let mut rows = Rows::new();
    rows.renew(START);
    let old = rows.sealing_key.clone();
    rows.sealing_key = SealingKey::random();
    let (set, unusable) = KeySet::open(&rows.rows, &rows.sealing_key);
    assert!(set.signer(START).is_none());
    assert_eq!(unusable, [Unusable::AnotherSealingKey(old.name())]);
    let later = START.after(DAY);
    let next = set.next_key(&rows.sealing_key, later).unwrap();
    assert_eq!(
        (next.number, next.signs_from),
        (0, later),
        "it signs at once"
    );
    rows.rows.push(next);
    let set = rows.open();
    assert_eq!(
        numbers(&set, later),
        (0, vec![0]),
        "and is reported no longer"
    );
    let (_, unusable) = KeySet::open(&rows.rows, &old);
    assert_eq!(
        unusable,
        [Unusable::AnotherSealingKey(rows.sealing_key.name())],
        "to the other server"
    );
}
