//! A Wi-Fi survey on its way: what is kept between two rooms, and the questions on a terminal. The measuring itself and
//! the result's way out are the command's (`commands::survey`).

pub mod ask;
mod fault;
pub mod feed;
mod state;
#[cfg(test)]
mod tests;

pub use fault::{Fault, JsonFault};
pub use state::{Damage, Differs, Kept, Refused, School, StateFile};

/// The longest name of a room, characters: a row of the table is still one or two lines.
const LONGEST_NAME: usize = 80;

/// Why a text is no name of a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadName {
    /// Nothing but spaces.
    Empty,
    /// More than so many characters.
    TooLong(usize),
    /// A control character, or one that turns the direction of writing: it could make the table read otherwise.
    Control,
}

/// Reads the name of a room: without the spaces around it.
///
/// # Errors
/// [`BadName`]
pub fn room_name(text: &str) -> Result<String, BadName> {
    let name = text.trim();
    if name.is_empty() {
        return Err(BadName::Empty);
    }
    if name.chars().count() > LONGEST_NAME {
        return Err(BadName::TooLong(LONGEST_NAME));
    }
    // What the page would replace is refused where it can still be typed again.
    if crate::show::clean(name) != name {
        return Err(BadName::Control);
    }
    Ok(name.to_owned())
}

/// Whether two names are of the same room. Upper and lower case are the same: nobody types a room's name twice alike.
#[must_use]
pub fn same_room(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}
