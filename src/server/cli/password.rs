//! Passwords on the command line: from a terminal or standard input. Every user of the machine could read arguments.

use super::{CliError, output::to_stderr};
use crate::{
    domain::password::{MAX_BYTES, Password, PasswordRefusal},
    server::core::accounts::users::UserError,
};
use std::io::{self, BufRead, IsTerminal, Read};
use zeroize::Zeroizing;

/// Asks for a new password twice on the terminal, or reads one line of standard input.
///
/// # Errors
/// If there is no terminal, the two differ, or the input is not text.
pub fn new_password(from_stdin: bool) -> Result<Password, CliError> {
    if from_stdin {
        return read_line(io::stdin().lock());
    }
    if !io::stdin().is_terminal() {
        let remedy = "there is no terminal to ask for the password; pass it on standard input with --password-stdin";
        return Err(CliError::Refused(remedy.to_owned()));
    }
    let first = Zeroizing::new(rpassword::prompt_password("New password: ")?);
    let second = Zeroizing::new(rpassword::prompt_password("Repeat the new password: ")?);
    if first != second {
        return Err(CliError::Refused("the two passwords differ".to_owned()));
    }
    Ok(Password::new(first.to_string()))
}

/// The username or email and the password of an existing account: from the terminal, or two lines of standard input.
///
/// # Errors
/// If one of the two is missing or not text.
pub fn account() -> Result<(String, Password), CliError> {
    if !io::stdin().is_terminal() {
        return read_account(io::stdin().lock());
    }
    to_stderr("Username or email:");
    let mut name = String::new();
    io::stdin().read_line(&mut name)?;
    let password = Zeroizing::new(rpassword::prompt_password("Password: ")?);
    let both = Zeroizing::new(format!("{}\n{}\n", name.trim(), *password));
    read_account(both.as_bytes())
}

fn read_account(mut input: impl BufRead) -> Result<(String, Password), CliError> {
    let mut name = Vec::new();
    input
        .by_ref()
        .take(MAX_BYTES as u64)
        .read_until(b'\n', &mut name)?;
    let name = String::from_utf8_lossy(&name).trim().to_owned();
    if name.is_empty() {
        let remedy = "standard input has no account: pass its username or email and its password, on one line each";
        return Err(CliError::Refused(remedy.to_owned()));
    }
    Ok((name, read_line(input)?))
}

/// One line without its line break; everything else is part of the password.
fn read_line(input: impl BufRead) -> Result<Password, CliError> {
    let mut line = Zeroizing::new(Vec::new());
    // A few bytes more than the longest password, so that a longer one is refused by its length.
    input
        .take(MAX_BYTES as u64 + 16)
        .read_until(b'\n', &mut line)?;
    let password = line.strip_suffix(b"\n").unwrap_or(&line);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    if password.is_empty() {
        return Err(CliError::Refused(
            "standard input has no password".to_owned(),
        ));
    }
    if password.len() > MAX_BYTES {
        return Err(UserError::from(PasswordRefusal::TooLong).into());
    }
    match str::from_utf8(password) {
        Ok(password) => Ok(Password::new(password.to_owned())),
        Err(_) => Err(CliError::Refused(
            "the password is not UTF-8 text".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_two_lines() {
        let (name, password) = read_account(" ada \na b \nmore".as_bytes()).unwrap();
        assert_eq!((name.as_str(), password.reveal()), ("ada", "a b "));
        for input in ["", "ada", "ada\n", "\nsecret words"] {
            let refusal = read_account(input.as_bytes()).unwrap_err().to_string();
            assert!(!refusal.contains("secret"), "{refusal}");
        }
    }

    #[test]
    fn only_the_line_break_is_stripped() {
        for (input, expected) in [
            ("a b \n", "a b "),
            ("a\r\n", "a"),
            ("a", "a"),
            ("a\nb\n", "a"),
        ] {
            assert_eq!(
                read_line(input.as_bytes()).unwrap().reveal(),
                expected,
                "{input:?}"
            );
        }
        assert!(read_line("\n".as_bytes()).is_err());
        let too_long = "é".repeat(600);
        assert!(read_line(too_long.as_bytes()).is_err_and(|e| e.to_string().contains("1024")));
        assert!(read_line(b"\xff\n".as_slice()).is_err());
    }
}
