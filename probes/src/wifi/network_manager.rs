//! A fresh scan through NetworkManager, which lets the user of an active session ask for one without any right.
//! Three method calls over the system bus; the list itself is then read from the kernel as ever.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};
use zbus::{OwnedObjectPath, OwnedVariant, Variant};

const SERVICE: &str = "org.freedesktop.NetworkManager";
const WIRELESS: &str = "org.freedesktop.NetworkManager.Device.Wireless";

/// How often the scan's end is looked for: a scan lasts 2 to 5 s.
const POLL: Duration = Duration::from_millis(150);

/// Asks for a scan on `interface` and waits until `LastScan` moves. `false` when there is no NetworkManager, it
/// refuses (no active session, or it scanned less than 10 s ago), or the time is over. The end of a scan that it had under way
/// already counts as the end of this one: it does not tell them apart, and the list is then up to a scan (3 s) older.
pub(super) async fn request_scan(interface: &str, timeout: Duration) -> bool {
    timeout_at(Instant::now() + timeout, scan(interface)).await.is_ok_and(|done| done.is_ok())
}

async fn scan(interface: &str) -> zbus::Result<()> {
    let bus = zbus::Connection::system().await?;
    let manager = "/org/freedesktop/NetworkManager";
    let reply =
        bus.call_method(Some(SERVICE), manager, Some(SERVICE), "GetDeviceByIpIface", &interface).await?;
    let device: OwnedObjectPath = reply.body().deserialize()?;
    let before = last_scan(&bus, &device).await?;
    let options: HashMap<&str, Variant<'_>> = HashMap::new();
    bus.call_method(Some(SERVICE), device.as_str(), Some(WIRELESS), "RequestScan", &options).await?;
    while last_scan(&bus, &device).await? == before {
        sleep(POLL).await;
    }
    Ok(())
}

/// When the last scan ended: milliseconds of CLOCK_BOOTTIME, -1 for never (NetworkManager's D-Bus interface, 1.12).
async fn last_scan(bus: &zbus::Connection, device: &OwnedObjectPath) -> zbus::Result<i64> {
    let properties = Some("org.freedesktop.DBus.Properties");
    let reply =
        bus.call_method(Some(SERVICE), device.as_str(), properties, "Get", &(WIRELESS, "LastScan")).await?;
    let value: OwnedVariant = reply.body().deserialize()?;
    i64::try_from(value)
}
