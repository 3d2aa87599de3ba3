use super::*;

fn nothing(_: &str) -> Option<String> {
    None
}

fn mistakes(text: &str) -> String {
    read(text, None, &nothing)
        .expect_err("a mistake")
        .to_string()
}

const SHIPPED: &str = include_str!("../../../Leptos.toml");

#[test]
fn the_shipped_file_says_what_holds_without_it() {
    assert_eq!(read(SHIPPED, None, &nothing), read("", None, &nothing));
}

#[test]
fn the_shipped_file_agrees_with_cargo_toml() {
    let manifest: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
    let leptos = &manifest["package"]["metadata"]["leptos"];
    let shipped: toml::Table = SHIPPED.parse().unwrap();
    assert_eq!(shipped["site_addr"], leptos["site-addr"]);
    assert_eq!(shipped["site_root"], leptos["site-root"]);
}

#[test]
fn every_mistake_is_told_at_once() {
    let told = mistakes(
        "public_url = \"http://example.org\"\nidle_timeout = \"1h\"\ncolour = \"red\"\n\
         [session]\nidle_timeout = \"30\"\nabsolute_timeout = [1]\n[password]\nmin_length = 7\n[log]\nformat = \"xml\"\n",
    );
    for expected in [
        "public_url",
        "unknown key `idle_timeout` (did you mean `session.idle_timeout`?)",
        "unknown key `colour`",
        "session.idle_timeout must be a duration",
        "session.absolute_timeout must be a single value",
        "password.min_length must be at least 8",
        "log.format must be",
    ] {
        assert!(told.contains(expected), "{expected} is missing in:\n{told}");
    }
    assert_eq!(told.lines().count(), 7, "{told}");
}

#[test]
fn what_is_no_toml_is_told_with_its_line() {
    assert!(mistakes("site_root = \"a\"\npublic_url = https\n").contains("line 2"));
}

#[test]
fn the_environment_counts_more_than_the_file() {
    let environment = |name: &str| {
        let value = match name {
            "VESTIBULE_PUBLIC_URL" => "https://id.example.org",
            "VESTIBULE_DATABASE_URL" => "postgres://app@db/auth",
            "VESTIBULE_SESSION__IDLE_TIMEOUT" => "30m",
            "LEPTOS_SITE_ADDR" => "127.0.0.1:4000",
            "LEPTOS_SITE_ROOT" => "elsewhere",
            _ => return None,
        };
        Some(value.to_owned())
    };
    let config = read(
        SHIPPED,
        Some(PathBuf::from("/etc/vestibule/v.toml")),
        &environment,
    )
    .unwrap();
    assert_eq!(config.public_url.unwrap().host(), "id.example.org");
    assert_eq!(
        config.database_url,
        DatabaseUrl::Postgres("postgres://app@db/auth".into())
    );
    assert_eq!(config.lifetimes.idle, Duration::from_secs(1_800));
    assert_eq!(config.site_addr.port(), 4000);
    assert_eq!(config.site_root, Path::new("elsewhere"));
}

#[test]
fn paths_begin_at_the_file() {
    let config = read(
        SHIPPED,
        Some(PathBuf::from("/etc/vestibule/v.toml")),
        &nothing,
    )
    .unwrap();
    assert_eq!(
        config.database_url,
        DatabaseUrl::Sqlite("/etc/vestibule/data/vestibule.db".into())
    );
    assert_eq!(config.site_root, Path::new("/etc/vestibule/target/site"));
}

#[test]
fn a_mistake_in_the_environment_is_told_by_the_variables_name() {
    let environment =
        |name: &str| (name == "VESTIBULE_SESSION__IDLE_TIMEOUT").then(|| "soon".to_owned());
    let told = read("", None, &environment)
        .expect_err("a mistake")
        .to_string();
    assert!(
        told.contains("VESTIBULE_SESSION__IDLE_TIMEOUT must be a duration"),
        "{told}"
    );
}

#[test]
fn the_threads_stay_within_the_memory() {
    let config = read("[hashing]\nmemory_mib = 20\n", None, &nothing).unwrap();
    assert_eq!(config.hashing.threads, 1);
    assert!(mistakes("[hashing]\nmemory_mib = 18\n").contains("at least 19"));
}
