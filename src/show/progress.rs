//! Progress on a terminal. SKELETON
use crate::text::Lang;
use sonde_probes::Event;
use tokio::sync::mpsc::UnboundedReceiver;

/// Draws progress on stderr until the channel closes. Call it only when stderr is a terminal.
pub async fn draw(events: UnboundedReceiver<Event>, lang: Lang) {
    let _ = (events, lang);
}
