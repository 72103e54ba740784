//! A second complete transfer in the same direction, put together with the first.

use sonde_report::values::TransferValue;
use sonde_report::{Caveat, CaveatCode, Measurement, Outcome};

/// Puts a second complete transfer together with the first.
///
/// The headline is the better one: one that did not break off before one that did, then the faster, since other
/// traffic, a weak radio, a busy mire or a loss each only slow a transfer down. All of them stay in `repetitions`,
/// oldest first: a verdict looks at every one.
///
/// Caveats about a transfer (still rising, broke off, unstable…) are the headline's; caveats about the way (a proxy,
/// Wi-Fi…) are kept from both. When only one gave a value, that one stands, with its own repetitions.
pub fn merge_repetition(first: &mut Measurement<TransferValue>, second: Measurement<TransferValue>) {
    let Outcome::Measured { value: new, caveats: new_caveats } = second.outcome else {
        first.elapsed_us = first.elapsed_us.saturating_add(second.elapsed_us);
        return;
    };
    let elapsed_us = first.elapsed_us.saturating_add(second.elapsed_us);
    let Outcome::Measured { value, caveats } = &mut first.outcome else {
        first.target = second.target;
        first.elapsed_us = elapsed_us;
        first.outcome = Outcome::Measured { value: new, caveats: new_caveats };
        return;
    };
    first.elapsed_us = elapsed_us;
    let mut repetitions = std::mem::take(&mut value.repetitions);
    repetitions.extend(new.repetitions.iter().cloned());
    if quality(&new, &new_caveats) > quality(value, caveats) {
        first.target = second.target;
        let before = std::mem::replace(caveats, new_caveats);
        keep_way(caveats, before);
        *value = new;
    } else {
        keep_way(caveats, new_caveats);
    }
    value.repetitions = repetitions;
}

/// Complete before broken off, then the faster.
fn quality(value: &TransferValue, caveats: &[Caveat]) -> (bool, u64) {
    (
        !caveats.iter().any(|caveat| matches!(caveat.code, CaveatCode::BrokeOff | CaveatCode::Suspended)),
        value.ip_rate_bps,
    )
}

/// Adds the other transfer's caveats about the way.
fn keep_way(caveats: &mut Vec<Caveat>, other: Vec<Caveat>) {
    for caveat in other {
        if about_the_way(caveat.code) && !caveats.iter().any(|known| known.code == caveat.code) {
            caveats.push(caveat);
        }
    }
}

/// Whether a caveat is about what the traffic went through, not about how one transfer went.
fn about_the_way(code: CaveatCode) -> bool {
    !matches!(
        code,
        CaveatCode::StillRising
            | CaveatCode::BrokeOff
            | CaveatCode::Suspended
            | CaveatCode::MireCountMismatch
            | CaveatCode::BurstNotExcluded
            | CaveatCode::Unstable
            | CaveatCode::MireLimited
            | CaveatCode::ClientLimited
            | CaveatCode::LossLimited
            | CaveatCode::FarEndCountMissing
    )
}
