use super::*;
use argon2::{Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier};

fn password(text: &str) -> Password {
    Password::new(text.to_owned())
}

fn hasher() -> Hasher {
    Hasher::start(Capacity {
        threads: 1,
        queue: 4,
    })
    .expect("a thread")
}

#[tokio::test]
async fn a_hash_has_the_documented_parameters_and_is_portable() {
    let hash = hasher()
        .hash(&password("a long enough password"))
        .await
        .unwrap();
    assert!(
        hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{hash}"
    );
    let parsed = PasswordHash::new(&hash).unwrap();
    assert_eq!(parsed.salt.unwrap().len(), 16);
    assert_eq!(parsed.hash.unwrap().len(), 32);
    assert!(
        Argon2::default()
            .verify_password(b"a long enough password", hash.as_str())
            .is_ok()
    );
}

#[tokio::test]
async fn only_the_exact_password_matches() {
    let hasher = hasher();
    let long = "x".repeat(100);
    let hash = hasher.hash(&password(&long)).await.unwrap();
    let variants = [
        long[..99].to_owned(),
        format!("{long} "),
        long.to_uppercase(),
        format!("{}y", &long[..99]),
        format!("{long}\0"),
    ];
    for wrong in variants {
        assert!(
            !hasher
                .reserve()
                .unwrap()
                .check(&password(&wrong), Some(&hash))
                .await
                .unwrap()
                .matches,
            "{wrong}"
        );
    }
    assert!(
        hasher
            .reserve()
            .unwrap()
            .check(&password(&long), Some(&hash))
            .await
            .unwrap()
            .matches
    );
}

#[tokio::test]
async fn passwords_are_compared_in_nfc() {
    let hasher = hasher();
    let hash = hasher
        .hash(&password("caf\u{e9} au lait, s'il vous pla\u{ee}t"))
        .await
        .unwrap();
    let decomposed = password("cafe\u{301} au lait, s'il vous plai\u{302}t");
    assert!(
        hasher
            .reserve()
            .unwrap()
            .check(&decomposed, Some(&hash))
            .await
            .unwrap()
            .matches
    );
}

#[tokio::test]
async fn no_password_matches_the_dummy_hash() {
    let checked = hasher()
        .reserve()
        .unwrap()
        .check(&password("anything"), None)
        .await
        .unwrap();
    assert_eq!(
        checked,
        Checked {
            matches: false,
            is_outdated: false
        }
    );
}

#[tokio::test]
async fn other_parameters_verify_and_count_as_outdated() {
    let hasher = hasher();
    let input = password("a long enough password");
    for (memory, passes) in [(8 * 1024, 1), (48 * 1024, 1)] {
        let params = Params::new(memory, passes, 1, Some(32)).unwrap();
        let other = Argon2::from(params)
            .hash_password_with_salt(b"a long enough password", b"sixteen salt 016")
            .unwrap()
            .to_string();
        let right = hasher
            .reserve()
            .unwrap()
            .check(&input, Some(&other))
            .await
            .unwrap();
        assert_eq!(
            right,
            Checked {
                matches: true,
                is_outdated: true
            }
        );
        let wrong = hasher
            .reserve()
            .unwrap()
            .check(&password("another password"), Some(&other))
            .await
            .unwrap();
        assert_eq!(
            wrong,
            Checked {
                matches: false,
                is_outdated: true
            }
        );
    }
    let current = hasher.hash(&input).await.unwrap();
    let checked = hasher
        .reserve()
        .unwrap()
        .check(&input, Some(&current))
        .await
        .unwrap();
    assert_eq!(
        checked,
        Checked {
            matches: true,
            is_outdated: false
        }
    );
}

#[tokio::test]
async fn a_full_queue_is_busy_and_recovers() {
    let hasher = Hasher::start(Capacity {
        threads: 1,
        queue: 1,
    })
    .unwrap();
    let attempts = (0..20).map(|_| {
        let hasher = hasher.clone();
        tokio::spawn(async move { hasher.hash(&password("a long enough password")).await })
    });
    let mut busy = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        busy += usize::from(matches!(attempt.await.unwrap(), Err(HashingError::Busy)));
    }
    assert!(
        busy > 0,
        "20 at once do not fit one thread and one slot in the queue"
    );
    assert!(
        hasher
            .hash(&password("a long enough password"))
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_corrupt_or_oversized_hash_is_an_error() {
    let hasher = hasher();
    for stored in [
        "",
        "plain",
        "$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let outcome = hasher
            .reserve()
            .unwrap()
            .check(&password("x"), Some(stored))
            .await;
        assert!(matches!(outcome, Err(HashingError::Corrupt)), "{stored}");
    }
}

/// Whoever has the answer may ask again at once, even where there is a single slot.
#[tokio::test]
async fn a_slot_is_free_before_its_answer_arrives() {
    let hasher = Hasher::start(Capacity {
        threads: 1,
        queue: 0,
    })
    .expect("a thread");
    for _ in 0..10_000 {
        let reservation = hasher.reserve().expect("the only slot");
        reservation.run(|_| Ok(())).await.unwrap();
    }
}
