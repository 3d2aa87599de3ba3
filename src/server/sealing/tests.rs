use super::*;
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
};

const LABEL: &str = "signing key 1";
const SECRET: &[u8] = b"a private key";

#[test]
fn a_sealed_secret_is_opened_by_its_key_and_label_only() {
    let (key, other) = (SealingKey::random(), SealingKey::random());
    let sealed = key.seal(LABEL, SECRET);
    assert_eq!(&**key.open(LABEL, &sealed).unwrap(), SECRET);
    assert_eq!(other.open(LABEL, &sealed), None, "another key");
    assert_eq!(key.open("signing key 2", &sealed), None, "another row");
    assert_eq!(key.open("", &sealed), None);
}

#[test]
fn every_changed_byte_is_noticed() {
    let key = SealingKey::random();
    let sealed = key.seal(LABEL, SECRET);
    for at in 0..sealed.len() {
        let mut changed = sealed.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(key.open(LABEL, &changed), None, "byte {at}");
    }
    for end in 0..sealed.len() {
        assert_eq!(key.open(LABEL, &sealed[..end]), None, "{end} bytes");
    }
    for text in ["", "v1.", "v2.AAAA", &sealed[VERSION.len()..]] {
        assert_eq!(key.open(LABEL, text), None, "{text}");
    }
}

#[test]
fn one_secret_is_never_sealed_the_same_way() {
    let key = SealingKey::random();
    let (one, other) = (key.seal(LABEL, SECRET), key.seal(LABEL, SECRET));
    assert_ne!(one, other);
    assert!(one.starts_with(VERSION));
    let nonces = [one, other].map(|text| text[VERSION.len()..][..32].to_owned());
    assert_ne!(nonces[0], nonces[1], "the 24 bytes of the nonce");
}

/// draft-irtf-cfrg-xchacha-03, A.3.1: what other programs seal is what is opened here.
#[test]
fn it_is_xchacha20_poly1305() {
    let key = SealingKey(std::array::from_fn(|i| 0x80 + u8::try_from(i).unwrap()));
    let nonce: [u8; 24] = std::array::from_fn(|i| 0x40 + u8::try_from(i).unwrap());
    let plain = b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, \
        sunscreen would be it.";
    let aad = [
        0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    ];
    let payload = Payload {
        msg: plain,
        aad: &aad,
    };
    let sealed = key.cipher().encrypt(&XNonce::from(nonce), payload).unwrap();
    let tag = [
        0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf,
        0x49,
    ];
    assert_eq!(sealed[..4], [0xbd, 0x6d, 0x17, 0x9d]);
    assert_eq!(sealed[sealed.len() - 16..], tag);
}

#[test]
fn a_key_is_64_hexadecimal_digits() {
    let key = SealingKey::random();
    assert_eq!(SealingKey::parse(&key.to_text()), Some(key.clone()));
    assert_eq!(SealingKey::parse(&key.to_text().to_uppercase()), Some(key));
    let digits = "0123456789abcdef".repeat(4);
    assert!(SealingKey::parse(&digits).is_some());
    for wrong in [
        "",
        &digits[1..],
        &format!("{digits}0"),
        &digits.replace('f', "g"),
        &digits.replace("ef", "+f"),
        &digits.replace("ef", "é"),
        &format!(" {}", &digits[1..]),
    ] {
        assert_eq!(SealingKey::parse(wrong), None, "{wrong}");
    }
}

#[test]
fn a_name_reveals_nothing_and_distinguishes() {
    let (one, other) = (SealingKey::random(), SealingKey::random());
    assert_eq!(one.name(), one.name());
    assert_ne!(one.name(), other.name());
    assert!(!one.name().contains(one.to_text().as_str()));
    assert_eq!(format!("{one:?}"), "SealingKey(redacted)");
}

/// A folder of its own, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!(
            "vestibule_sealing_{:016x}",
            u64::from_ne_bytes(random_array())
        );
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        Self(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("v.db.sealing-key")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_file_is_created_once_for_its_owner_only() {
    let folder = Folder::new();
    let file = folder.file();
    assert!(matches!(
        read(&file),
        Err(SealingKeyError::Unreadable { .. })
    ));
    assert!(create_if_missing(&file).unwrap());
    assert_eq!(mode(&file), 0o600);
    let key = read(&file).unwrap();
    assert!(!create_if_missing(&file).unwrap());
    assert_eq!(read(&file).unwrap(), key);
    assert_eq!(
        fs::read_dir(&folder.0).unwrap().count(),
        1,
        "nothing is left beside it"
    );
    assert_eq!(permission_warning(&file), None);
}

/// Servers that start together use the same key.
#[test]
fn of_many_at_once_one_makes_the_file() {
    for _ in 0..20 {
        let folder = Folder::new();
        let file = folder.file();
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let file = file.clone();
                thread::spawn(move || {
                    let created = create_if_missing(&file).unwrap();
                    (created, read(&file).unwrap().to_text().to_string())
                })
            })
            .collect();
        let starts: Vec<_> = starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect();
        assert_eq!(starts.iter().filter(|(created, _)| *created).count(), 1);
        assert!(starts.iter().all(|(_, key)| *key == starts[0].1));
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }
}

/// It may be the right key with a typing error: with a new one in its place it would be lost.
#[test]
fn a_malformed_file_is_reported_and_kept() {
    let folder = Folder::new();
    let file = folder.file();
    let endless = "a".repeat(100_000);
    for content in ["", "\n", "s3cret", endless.as_str(), "\u{feff}"] {
        fs::write(&file, content).unwrap();
        assert!(!create_if_missing(&file).unwrap());
        let error = read(&file).unwrap_err();
        assert!(
            matches!(error, SealingKeyError::Malformed { .. }),
            "{error}"
        );
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), content);
    }
    fs::write(&file, [0xff; 64]).unwrap();
    assert!(matches!(
        read(&file),
        Err(SealingKeyError::Unreadable { .. })
    ));
    let key = SealingKey::random();
    fs::write(&file, format!("\r\n{}\r\n", *key.to_text())).unwrap();
    assert_eq!(read(&file).unwrap(), key);
    let nowhere = folder.0.join("no/such/folder");
    assert!(matches!(
        create_if_missing(&nowhere),
        Err(SealingKeyError::NotCreated { .. })
    ));
}

#[test]
fn a_file_that_others_can_read_is_a_warning() {
    let folder = Folder::new();
    let file = folder.file();
    create_if_missing(&file).unwrap();
    for (mode, is_warning) in [
        (0o600, false),
        (0o400, false),
        (0o640, false),
        (0o644, true),
        (0o660, true),
    ] {
        fs::set_permissions(&file, PermissionsExt::from_mode(mode)).unwrap();
        let warning = permission_warning(&file);
        assert_eq!(warning.is_some(), is_warning, "{mode:o}: {warning:?}");
    }
}
