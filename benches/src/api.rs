//! The JSON API by each credential, beside the session check of pages and raw signatures on the same processors.

use crate::{
    CONNECTIONS, Failure, ROUND, ROUNDS,
    load::{FullRequest, Load, throughput},
    median,
    program::{Fixture, READER, Server, host, name_of},
    progress,
    report::{Figure, Goal},
};
use axum::body::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode, header};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    },
};
use std::{
    hint::black_box,
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

/// As long as the signed part of an access token.
const MESSAGE: [u8; 450] = [b'a'; 450];

/// What one request costs beside the session check.
#[derive(Clone, Copy)]
enum Extra {
    Nothing,
    Verification,
    Signature,
}

pub async fn measure(fixture: &Fixture) -> Result<Vec<Figure>, Failure> {
    let server = Server::vestibule(fixture).await?;
    let cookie = server.session_cookie().await?;
    let key = format!("Bearer {}", make_key(fixture)?);
    let token = format!("Bearer {}", access_token(&server, &cookie).await?);
    let check = server.page("/", Some(&cookie), StatusCode::SEE_OTHER)?;
    let me = |header, value: &str| load(&server, Method::GET, "/api/v1/me", header, value);
    let refresh = load(
        &server,
        Method::POST,
        "/api/v1/token/refresh",
        header::COOKIE,
        &cookie,
    )?;
    let mut figures = Vec::new();
    for (name, one, extra, goal) in [
        (
            "`/api/v1/me` by cookie ÷ the session check of a page",
            me(header::COOKIE, &cookie)?,
            Extra::Nothing,
            0.9,
        ),
        (
            "`/api/v1/me` by an access key ÷ the session check of a page",
            me(header::AUTHORIZATION, &key)?,
            Extra::Nothing,
            0.9,
        ),
        (
            "`/api/v1/me` by an access token ÷ (the session check and one raw ES256 verification)",
            me(header::AUTHORIZATION, &token)?,
            Extra::Verification,
            0.9,
        ),
        (
            "`/api/v1/token/refresh` ÷ (the session check and one raw ES256 signature)",
            refresh,
            Extra::Signature,
            0.8,
        ),
    ] {
        progress(name);
        figures.push(compare(name, &one, &check, extra, goal).await?);
    }
    Ok(figures)
}

/// Alternating rounds. The baseline is the rate of a server that does both pieces of work one after the other.
async fn compare(
    name: &str,
    one: &Load,
    check: &Load,
    extra: Extra,
    goal: f64,
) -> Result<Figure, Failure> {
    let (mut ratios, mut rates, mut baselines) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let rate = throughput(one, CONNECTIONS, ROUND).await?;
        let checks = throughput(check, CONNECTIONS, ROUND).await?;
        let baseline = match extra {
            Extra::Nothing => checks,
            Extra::Verification => in_turn(checks, raw_per_second(verify_for)),
            Extra::Signature => in_turn(checks, raw_per_second(sign_for)),
        };
        ratios.push(rate / baseline);
        rates.push(rate);
        baselines.push(baseline);
    }
    ratios.sort_by(f64::total_cmp);
    Ok(Figure {
        name: name.to_owned(),
        value: ratios[ROUNDS / 2],
        unit: "",
        goal: Goal::AtLeast(goal),
        remark: format!(
            "{:.0} ÷ {:.0} a second; {:.2} to {:.2} in {ROUNDS} rounds",
            median(rates),
            median(baselines),
            ratios[0],
            ratios[ROUNDS - 1],
        ),
    })
}

fn in_turn(one: f64, other: f64) -> f64 {
    1.0 / (1.0 / one + 1.0 / other)
}

/// On one thread for each processor.
fn raw_per_second(work: fn(Duration) -> f64) -> f64 {
    let threads = thread::available_parallelism().map_or(1, Into::into);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| work(ROUND / 4)))
            .collect();
        let rates = workers.into_iter().map(|worker| worker.join());
        rates.map(|rate| rate.expect("ring does not panic")).sum()
    })
}

fn key_pair(random: &SystemRandom) -> EcdsaKeyPair {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, random).expect("a key");
    EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), random).expect("the same key")
}

fn sign_for(duration: Duration) -> f64 {
    let random = SystemRandom::new();
    let key = key_pair(&random);
    repeat_for(duration, || {
        black_box(key.sign(&random, black_box(&MESSAGE)).expect("a signature"));
    })
}

fn verify_for(duration: Duration) -> f64 {
    let random = SystemRandom::new();
    let key = key_pair(&random);
    let signature = key.sign(&random, &MESSAGE).expect("a signature");
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.public_key().as_ref());
    repeat_for(duration, || {
        let verified = public.verify(black_box(&MESSAGE), signature.as_ref());
        black_box(verified).expect("its own signature");
    })
}

fn repeat_for(duration: Duration, work: impl Fn()) -> f64 {
    let started = Instant::now();
    let mut times = 0_u32;
    while started.elapsed() < duration {
        work();
        times += 1;
    }
    f64::from(times) / started.elapsed().as_secs_f64()
}

fn load(
    server: &Server,
    method: Method,
    path: &str,
    header: header::HeaderName,
    value: &str,
) -> Result<Load, Failure> {
    Ok(Load {
        address: server.address,
        requests: [request(server, method, path, header, value)?].into(),
        status: StatusCode::OK,
    })
}

fn request(
    server: &Server,
    method: Method,
    path: &str,
    header: header::HeaderName,
    value: &str,
) -> Result<FullRequest, Failure> {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, host(server.address))
        .header("sec-fetch-site", "same-origin")
        .header(header, value);
    Ok(request.body(Full::new(Bytes::new()))?)
}

fn make_key(fixture: &Fixture) -> Result<String, Failure> {
    let user = name_of(READER);
    let arguments = [
        "key",
        "create",
        &user,
        "--name",
        "bench",
        "--scope",
        "profile:read",
    ];
    let output = fixture
        .vestibule(&arguments)?
        .stdout(Stdio::piped())
        .output()?;
    if !output.status.success() {
        return Err("the access key was not made".into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

async fn access_token(server: &Server, cookie: &str) -> Result<String, Failure> {
    let request = request(
        server,
        Method::POST,
        "/api/v1/token/refresh",
        header::COOKIE,
        cookie,
    )?;
    let body = server.body_of(request).await?;
    let body: serde_json::Value = serde_json::from_slice(&body)?;
    let token = body["access_token"].as_str();
    Ok(token.ok_or("no access token was issued")?.to_owned())
}
