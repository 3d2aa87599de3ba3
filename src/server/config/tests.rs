mod programs;

use super::*;
use crate::server::core::tokens::DEFAULT_LIFETIME;

/// Without environment variables.
fn without_environment(text: &str) -> Result<Config, Mistakes> {
    read(text, None, &variables([]))
}

fn variables<const N: usize>(set: [(&str, &str); N]) -> Environment {
    set.into_iter().collect()
}

fn mistakes(text: &str) -> String {
    without_environment(text)
        .expect_err("a mistake")
        .to_string()
}

const SHIPPED: &str = include_str!("../../../Leptos.toml");

#[test]
fn the_shipped_file_equals_the_defaults() {
    assert_eq!(without_environment(SHIPPED), without_environment(""));
}

#[test]
fn the_shipped_file_agrees_with_cargo_toml() {
    let manifest: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
    let leptos = &manifest["workspace"]["metadata"]["leptos"][0];
    let shipped: toml::Table = SHIPPED.parse().unwrap();
    assert_eq!(shipped["site_addr"], leptos["site-addr"]);
    assert_eq!(Some(DEFAULT_SITE_ROOT), leptos["site-root"].as_str());
    assert!(SHIPPED.contains(&format!("\n# site_root = \"{DEFAULT_SITE_ROOT}\"\n")));
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let report = mistakes(
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
        assert!(
            report.contains(expected),
            "{expected} is missing in:\n{report}"
        );
    }
    assert_eq!(report.lines().count(), 7, "{report}");
}

#[test]
fn a_toml_error_names_its_line() {
    assert!(mistakes("site_root = \"a\"\npublic_url = https\n").contains("line 2"));
}

#[test]
fn the_environment_overrides_the_file() {
    let environment = variables([
        ("VESTIBULE_PUBLIC_URL", "https://id.example.org"),
        ("VESTIBULE_DATABASE_URL", "postgres://app@db/auth"),
        ("VESTIBULE_SESSION__IDLE_TIMEOUT", "30m"),
        ("LEPTOS_SITE_ADDR", "127.0.0.1:4000"),
        ("LEPTOS_SITE_ROOT", "elsewhere"),
    ]);
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
    assert!(config.site_root_is_set);
}

#[test]
fn paths_are_relative_to_the_file() {
    let config = read(
        SHIPPED,
        Some(PathBuf::from("/etc/vestibule/v.toml")),
        &variables([]),
    )
    .unwrap();
    assert_eq!(
        config.database_url,
        DatabaseUrl::Sqlite("/etc/vestibule/data/vestibule.db".into())
    );
    assert_eq!(config.site_root, Path::new("/etc/vestibule/target/site"));
    assert!(!config.site_root_is_set);
    let given = read(
        "site_root = \"s\"",
        Some("/etc/v.toml".into()),
        &variables([]),
    )
    .unwrap();
    assert_eq!(given.site_root, Path::new("/etc/s"));
    assert!(given.site_root_is_set);
}

#[test]
fn a_mistake_in_the_environment_names_the_variable() {
    let environment = variables([("VESTIBULE_SESSION__IDLE_TIMEOUT", "soon")]);
    let report = read("", None, &environment)
        .expect_err("a mistake")
        .to_string();
    assert!(
        report.contains("VESTIBULE_SESSION__IDLE_TIMEOUT must be a duration"),
        "{report}"
    );
}

/// A mistyped variable would otherwise silently leave a default in force.
#[test]
fn an_unknown_variable_is_reported_without_its_value() {
    let environment = variables([
        ("VESTIBULE_CONFIG", "v.toml"),
        ("VESTIBULE_SESSION__IDLE_TIMEOUT", "30m"),
        ("VESTIBULE_SESSION_ABSOLUTE_TIMEOUT", "1h"),
        ("VESTIBULE_DATABASE_PASSWORD", "s3cret"),
        ("VESTIBULE_PUBLIC_URI", ""),
        ("MY_VESTIBULE_KEY", "another program's"),
        ("VESTIBULE_SERVICE_HOST", "10.0.0.11"),
        ("VESTIBULE_SERVICE_PORT_HTTP", "3000"),
        ("VESTIBULE_PORT", "tcp://10.0.0.11:3000"),
        ("VESTIBULE_PORT_3000_TCP_ADDR", "10.0.0.11"),
    ]);
    let report = read("", None, &environment)
        .expect_err("a mistake")
        .to_string();
    assert_eq!(
        report,
        "  - unknown variable `VESTIBULE_DATABASE_PASSWORD`\n  \
         - unknown variable `VESTIBULE_SESSION_ABSOLUTE_TIMEOUT` \
         (did you mean `VESTIBULE_SESSION__ABSOLUTE_TIMEOUT`?)\n"
    );
}

#[test]
fn a_pooler_needs_a_direct_url() {
    let pooled = "database_url = \"postgres://a@pooler/auth\"\ndatabase_pooler = true\n";
    let direct = "database_direct_url = \"postgres://a@db/auth\"\n";
    let parse = |text| DatabaseUrl::parse(text, Path::new("")).unwrap();
    let expected = parse("postgres://a@pooler/auth").behind_pooler(parse("postgres://a@db/auth"));
    let config = without_environment(&format!("{pooled}{direct}")).unwrap();
    assert_eq!(config.database_url, expected.unwrap());
    assert!(mistakes(pooled).contains("database_pooler needs database_direct_url"));
    assert!(mistakes(direct).contains("database_direct_url is for database_pooler = true"));
    let on_sqlite = mistakes(&format!("database_pooler = true\n{direct}"));
    assert!(
        on_sqlite.contains("database_pooler is for PostgreSQL"),
        "{on_sqlite}"
    );
}

#[test]
fn hashing_threads_fit_into_the_memory() {
    let config = without_environment("[hashing]\nmemory_mib = 20\n").unwrap();
    assert_eq!(config.hashing.threads, 1);
    assert!(mistakes("[hashing]\nmemory_mib = 18\n").contains("at least 19"));
}

#[test]
fn trusted_proxies_are_an_array_or_a_text_with_commas() {
    let ranges = |text: &str| without_environment(text).unwrap().trusted_proxies;
    let expected =
        ["127.0.0.1", "10.1.0.0/16", "fd00::/8"].map(|range| parse_range(range).unwrap());
    let expected = TrustedProxies::new(expected.to_vec());
    let array = r#"["127.0.0.1", "10.1.0.0/16", "fd00::/8"]"#;
    let text = r#""127.0.0.1, 10.1.0.0/16,fd00::/8""#;
    for value in [array, text] {
        assert_eq!(
            ranges(&format!("[http]\ntrusted_proxies = {value}\n")),
            expected
        );
    }
    for value in ["[]", "\"\""] {
        assert!(ranges(&format!("[http]\ntrusted_proxies = {value}\n")).is_empty());
    }
    let environment = variables([("VESTIBULE_HTTP__TRUSTED_PROXIES", text.trim_matches('"'))]);
    let config = read("[http]\ntrusted_proxies = [\"::1\"]\n", None, &environment).unwrap();
    assert_eq!(config.trusted_proxies, expected);
}

#[test]
fn every_mistaken_proxy_is_reported() {
    let report = mistakes(
        "[http]\ntrusted_proxies = [\"0.0.0.0/0\", \"proxy.example.org\", \"10.0.0.1/8\", \"::1\"]\n",
    );
    assert!(
        report.contains("http.trusted_proxies has \"0.0.0.0/0\", which is wider"),
        "{report}"
    );
    assert!(
        report.contains("\"proxy.example.org\", which is no address"),
        "{report}"
    );
    assert!(report.contains("did you mean \"10.0.0.0/8\"?"), "{report}");
    assert_eq!(report.lines().count(), 3, "{report}");
    for value in ["7", "[7]", "{ a = 1 }"] {
        let report = mistakes(&format!("[http]\ntrusted_proxies = {value}\n"));
        assert!(report.contains("trusted_proxies"), "{report}");
    }
}

#[test]
fn doubtful_settings_are_reported() {
    let warnings = |text: &str| without_environment(text).unwrap().warnings().join("\n");
    let https = "public_url = \"https://id.example.org\"\n";
    let with = |proxies: &str| format!("{https}[http]\ntrusted_proxies = [{proxies}]\n");
    assert_eq!(warnings(""), "");
    assert!(warnings(https).contains("Set trusted_proxies = [\"127.0.0.1\"]."));
    let elsewhere = format!("site_addr = \"0.0.0.0:80\"\n{https}");
    assert!(warnings(&elsewhere).contains("Set trusted_proxies to its address."));
    assert!(warnings(&with("\"10.0.0.1\"")).contains("no proxy will be believed"));
    for proxies in ["\"127.0.0.1\"", "\"10.0.0.1\", \"::1\"", "\"127.0.0.0/8\""] {
        assert_eq!(warnings(&with(proxies)), "");
    }
}
