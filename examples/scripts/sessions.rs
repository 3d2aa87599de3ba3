//! Prints the sessions of the owner of an access key that has the scope sessions:read.
//!
//! VESTIBULE_URL is the address of the server, VESTIBULE_KEY the key. Without any crate, so without TLS: for a server on
//! this machine. A program for others takes an HTTP client that has it. To compile: `rustc --edition 2024 sessions.rs`.
use std::{env::var, error::Error, io::{Read, Write}, net::TcpStream};

fn main() -> Result<(), Box<dyn Error>> {
    let (url, key) = (var("VESTIBULE_URL")?, var("VESTIBULE_KEY")?);
    let host = url.trim_end_matches('/').strip_prefix("http://").ok_or("VESTIBULE_URL begins with http://")?;
    let mut connection = TcpStream::connect(host)?;
    write!(connection, "GET /api/v1/sessions HTTP/1.0\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n\r\n")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an incomplete answer")?;
    println!("{body}");
    if head.contains(" 200 ") { Ok(()) } else { Err(body.into()) }
}
