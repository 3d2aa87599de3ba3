//! Secrets that people copy by hand, in base 32: how they are written, and a tolerant parser.

use zeroize::Zeroizing;

/// Crockford's base 32 without its check symbols: no letter resembles a digit or another letter.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// People can remember five symbols while they copy them.
const GROUP: usize = 5;

/// The spelling of random bytes, five bits of each, in groups with hyphens between them.
pub fn of_random(bytes: &[u8]) -> String {
    let mut code = String::with_capacity(bytes.len() + bytes.len() / GROUP);
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % GROUP == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[usize::from(byte % 32)]));
    }
    code
}

/// One spelling for all forms of the input: any case, and the letters that Crockford's alphabet leaves out because they
/// resemble digits. Characters that no code contains are ignored anywhere: spaces, hyphens, the full stop after a
/// sentence, quotation marks, brackets, characters of no width.
pub fn canonical(input: &str) -> Zeroizing<String> {
    let symbols = input.chars().filter(|c| c.is_alphanumeric());
    let symbols = symbols.map(|c| match c.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    Zeroizing::new(symbols.collect())
}
