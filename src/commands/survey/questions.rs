//! The survey by questions, on a terminal.

use sonde_probes::wifi::{self, Recording};
use sonde_report::document::WifiOn;

use super::{Kept, Stopped, Walk, ask, clock, complain, holds, words};
use crate::prompts;

impl Walk<'_> {
    /// The survey by questions.
    pub(super) async fn questions(&mut self, found: Option<Kept>) -> Result<u8, Stopped> {
        prompts::prepare(self.lang);
        if let Some(kept) = found.filter(|kept| !kept.rooms.is_empty()) {
            if let Some(holds) = holds(&kept) {
                complain(&words::holds(&holds, self.lang));
            }
            self.kept = kept;
            self.tell_network();
            let wanted = if self.args.resume { ask::Unfinished::GoOn } else { ask::unfinished(self.lang)? };
            match wanted {
                ask::Unfinished::GoOn => {}
                ask::Unfinished::StartAnew => self.kept = Kept::default(),
                ask::Unfinished::Finish => {
                    self.agree()?;
                    return self.finish(true).await;
                }
            }
        }
        self.agree()?;
        self.about_the_school()?;
        loop {
            self.save_again();
            if let Some(name) = ask::room(self.lang)? {
                let before = self.kept.measured_before(&name, &clock::now());
                if let Some(at) = before
                    && !ask::replace(&name, &at, self.lang)?
                {
                    continue;
                }
                if self.visit(&name).await? == ask::Next::Room {
                    continue;
                }
            }
            if self.kept.rooms.is_empty() {
                return Err(Stopped::Left);
            }
            match self.finish(true).await {
                // To leave now would lose them: it can be mended, and finished again.
                Err(Stopped::Why(sentence)) if !self.unsaved.is_empty() => complain(&sentence),
                done => return done,
            }
        }
    }

    /// Asks what is not known of the school: which one it is, and whether its Wi-Fi is on.
    fn about_the_school(&mut self) -> Result<(), Stopped> {
        let begins = self.kept.rooms.is_empty();
        if begins {
            complain(words::WELCOME.pick(self.lang));
        }
        if self.kept.school.uai.is_none() {
            self.kept.school.uai = ask::uai(self.lang)?;
        }
        if begins && self.kept.school.wifi_on == WifiOn::Unknown {
            self.kept.school.wifi_on = ask::wifi_on(self.lang)?;
        }
        Ok(())
    }

    /// One room by questions, again and again if the technician wants.
    async fn visit(&mut self, name: &str) -> Result<ask::Next, Stopped> {
        loop {
            ask::ready(name, self.lang)?;
            let heard = match self.listen(name).await {
                Ok(heard) => heard,
                Err(stopped) => {
                    tell(stopped)?;
                    self.save_again();
                    match ask::next(false, self.lang)? {
                        ask::Next::Again => continue,
                        next => return Ok(next),
                    }
                }
            };
            if self.kept.ssids.is_empty() {
                let name = self.network(&heard)?;
                self.kept.ssids.push(name);
            }
            // A room that could not be written stays in memory, and is tried again before the next question.
            match self.keep(name, &heard) {
                Ok(line) => {
                    complain(&line);
                    if let Some(holds) = holds(&self.kept) {
                        complain(&words::standing(&holds, self.lang));
                    }
                    if self.stored.len() == 1 {
                        complain(&words::kept_in(self.file.path(), self.lang));
                    }
                }
                Err(stopped) => tell(stopped)?,
            }
            match ask::next(true, self.lang)? {
                ask::Next::Again => {}
                next => return Ok(next),
            }
        }
    }

    /// Asks for the school's network. A name that is not in sight is asked for once more: it may be misspelt, and the whole
    /// survey would go by it.
    fn network(&self, heard: &Recording) -> Result<String, Stopped> {
        let mut proposed = heard.associated();
        let mut insisted = None;
        loop {
            let name = ask::ssid(proposed.as_deref(), self.lang)?;
            let config = wifi::Config { ssids: vec![name.clone()], ..self.plan.wifi.clone() };
            if heard.hears_school(&config) || insisted.as_ref() == Some(&name) {
                return Ok(name);
            }
            complain(words::NOT_IN_SIGHT.pick(self.lang));
            proposed = Some(name.clone());
            insisted = Some(name);
        }
    }
}

/// Tells what went wrong in a room, and goes on; somebody who left has left.
fn tell(stopped: Stopped) -> Result<(), Stopped> {
    match stopped {
        Stopped::Why(sentence) => complain(&sentence),
        Stopped::Said => {}
        Stopped::Left => return Err(Stopped::Left),
    }
    Ok(())
}
