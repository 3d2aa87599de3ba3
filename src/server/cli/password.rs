//! Passwords on the command line: from a terminal or standard input, never an argument, which
//! every user of the machine could read.

use super::CliError;
use crate::domain::password::{MAX_BYTES, Password};
use std::io::{self, BufRead, IsTerminal};
use zeroize::Zeroizing;

/// Asks for a new password twice on the terminal, or reads one line of standard input.
///
/// # Errors
/// Where there is no terminal, the two differ, or the input is no text.
pub fn new_password(from_stdin: bool) -> Result<Password, CliError> {
    if from_stdin {
        return read_line(io::stdin().lock());
    }
    if !io::stdin().is_terminal() {
        let remedy = "there is no terminal to ask for the password; give it by --password-stdin";
        return Err(CliError::Refused(remedy.to_owned()));
    }
    let first = Zeroizing::new(rpassword::prompt_password("New password: ")?);
    let second = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
    if first != second {
        return Err(CliError::Refused("the two passwords differ".to_owned()));
    }
    Ok(Password::new(first.to_string()))
}

/// One line without its line break; everything else is part of the password.
fn read_line(input: impl BufRead) -> Result<Password, CliError> {
    let mut line = Zeroizing::new(String::new());
    // One more than the longest password with its line break: then it is too long by its length.
    input.take(MAX_BYTES as u64 + 3).read_line(&mut line)?;
    let password = line
        .strip_suffix('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .unwrap_or(&line);
    if password.is_empty() {
        return Err(CliError::Refused(
            "standard input holds no password".to_owned(),
        ));
    }
    Ok(Password::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_loses_its_line_break_and_nothing_else() {
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
        assert!(
            read_line(vec![b'x'; 5_000].as_slice())
                .unwrap()
                .is_too_long()
        );
    }
}
