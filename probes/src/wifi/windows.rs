//! Windows: the WLAN service's list of radios, over wlanapi. A scan needs no administrator, but since Windows 11 24H2 the
//! consent to location.
//!
//! The library is loaded when it is needed: on a Windows Server without the Wi-Fi feature it does not exist, and a program
//! that names it in its imports does not start there at all. What the service hands out is copied before it is read, and
//! decoded by `bss_list`, which trusts no length in it.
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr::{null, null_mut};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use sonde_report::{Cause, Failure, Stage};
use windows_sys::Win32::Foundation::HANDLE;
use windows_sys::Win32::NetworkManagement::WiFi::{
    DOT11_BSS_TYPE, DOT11_SSID, L2_NOTIFICATION_DATA, WLAN_API_VERSION_2_0, WLAN_BSS_ENTRY, WLAN_BSS_LIST,
    WLAN_CONNECTION_ATTRIBUTES, WLAN_INTERFACE_INFO, WLAN_INTERFACE_INFO_LIST, WLAN_INTF_OPCODE,
    WLAN_NOTIFICATION_CALLBACK, WLAN_NOTIFICATION_SOURCE_ACM, WLAN_NOTIFICATION_SOURCES,
    WLAN_OPCODE_VALUE_TYPE, WLAN_RADIO_STATE, WLAN_RAW_DATA, dot11_BSS_type_any, dot11_radio_state_off,
    wlan_intf_opcode_current_connection, wlan_intf_opcode_radio_state, wlan_notification_acm_scan_complete,
    wlan_notification_acm_scan_fail,
};
use windows_sys::Win32::System::LibraryLoader::{
    GetProcAddress, LOAD_LIBRARY_SEARCH_SYSTEM32, LoadLibraryExW,
};
use windows_sys::core::{BOOL, GUID};

use super::bss_list::{self, at, obstacle};
use super::{Config, Obstacle, Scan, Scanner, no_adapter, radio_blocked, system_error};

/// The most adapters looked at: a machine has one or two, the list's length is the service's word.
const MOST_ADAPTERS: usize = 16;

/// From 1601, where Windows counts from, to 1970, in seconds.
const EPOCH_OFFSET: u64 = 11_644_473_600;

// The decoder's offsets are those of the system's own declarations.
const _: () = {
    assert!(offset_of!(WLAN_BSS_LIST, wlanBssEntries) == bss_list::HEAD);
    assert!(size_of::<WLAN_BSS_ENTRY>() == bss_list::ENTRY);
    assert!(offset_of!(WLAN_BSS_ENTRY, dot11Ssid) == at::SSID);
    assert!(offset_of!(WLAN_BSS_ENTRY, dot11Bssid) == at::BSSID);
    assert!(offset_of!(WLAN_BSS_ENTRY, lRssi) == at::RSSI);
    assert!(offset_of!(WLAN_BSS_ENTRY, ullTimestamp) == at::TIMESTAMP);
    assert!(offset_of!(WLAN_BSS_ENTRY, ullHostTimestamp) == at::HOST_TIMESTAMP);
    assert!(offset_of!(WLAN_BSS_ENTRY, ulChCenterFrequency) == at::FREQUENCY);
    assert!(offset_of!(WLAN_BSS_ENTRY, usCapabilityInformation) == at::CAPABILITY);
    assert!(offset_of!(WLAN_BSS_ENTRY, ulIeOffset) == at::IE_OFFSET);
    assert!(offset_of!(WLAN_BSS_ENTRY, ulIeSize) == at::IE_SIZE);
};

/// The service's radios.
#[derive(Default)]
pub(super) struct WlanService;

impl Scanner for WlanService {
    async fn scan(&self, config: &Config) -> Result<Scan, Obstacle> {
        let (named, allowed) = (config.interface.clone(), config.timeout);
        // Its calls wait for the service: on a thread where waiting holds nobody up.
        let work = tokio::task::spawn_blocking(move || listen(named.as_deref(), allowed));
        work.await.unwrap_or_else(|_| Err(system_error("the scan's thread ended")))
    }
}

/// Listens with the first adapter that can; else tells why the first one could not.
fn listen(named: Option<&str>, allowed: Duration) -> Result<Scan, Obstacle> {
    let until = Instant::now() + allowed;
    let client = Client::open()?;
    let shown = netdev::get_interfaces();
    let (mut why, mut others) = (None, Vec::new());
    for adapter in client.adapters()? {
        let known = shown.iter().find(|interface| interface.name.eq_ignore_ascii_case(&adapter.id));
        let friendly = known.and_then(|interface| interface.friendly_name.clone()).unwrap_or_default();
        if !bss_list::wanted(named, &[&adapter.id, &adapter.description, &friendly]) {
            others.push(if friendly.is_empty() { adapter.description } else { friendly });
            continue;
        }
        match client.hear(&adapter, until) {
            Ok(scan) => {
                // What Windows shows beside the network's icon, and what --interface takes.
                let interface = if friendly.is_empty() { adapter.description } else { friendly };
                return Ok(Scan { interface, ..scan });
            }
            Err(obstacle) => why = why.or(Some(obstacle)),
        }
    }
    Err(why.unwrap_or_else(|| no_adapter(named, &others)))
}

// The functions of wlanapi.dll that are used, as wlanapi.h declares them.
type Open = unsafe extern "system" fn(u32, *const c_void, *mut u32, *mut HANDLE) -> u32;
type Close = unsafe extern "system" fn(HANDLE, *const c_void) -> u32;
type Adapters = unsafe extern "system" fn(HANDLE, *const c_void, *mut *mut WLAN_INTERFACE_INFO_LIST) -> u32;
type Notify = unsafe extern "system" fn(
    HANDLE,
    WLAN_NOTIFICATION_SOURCES,
    BOOL,
    WLAN_NOTIFICATION_CALLBACK,
    *const c_void,
    *const c_void,
    *mut u32,
) -> u32;
type ScanNow = unsafe extern "system" fn(
    HANDLE,
    *const GUID,
    *const DOT11_SSID,
    *const WLAN_RAW_DATA,
    *const c_void,
) -> u32;
type BssList = unsafe extern "system" fn(
    HANDLE,
    *const GUID,
    *const DOT11_SSID,
    DOT11_BSS_TYPE,
    BOOL,
    *const c_void,
    *mut *mut WLAN_BSS_LIST,
) -> u32;
type Query = unsafe extern "system" fn(
    HANDLE,
    *const GUID,
    WLAN_INTF_OPCODE,
    *const c_void,
    *mut u32,
    *mut *mut c_void,
    *mut WLAN_OPCODE_VALUE_TYPE,
) -> u32;
type Free = unsafe extern "system" fn(*const c_void);

/// The library's functions.
struct Library {
    open: Open,
    close: Close,
    adapters: Adapters,
    notify: Notify,
    scan: ScanNow,
    list: BssList,
    query: Query,
    free: Free,
}

impl Library {
    /// `None` where the system has no such library, or one without these functions.
    fn load() -> Option<Self> {
        let name: Vec<u16> = "wlanapi.dll\0".encode_utf16().collect();
        // SAFETY: the name is terminated; only the system's own directory is searched. The library stays loaded, so its
        // functions stay valid.
        let module = unsafe { LoadLibraryExW(name.as_ptr(), null_mut(), LOAD_LIBRARY_SEARCH_SYSTEM32) };
        if module.is_null() {
            return None;
        }
        macro_rules! function {
            ($name:literal as $function:ty) => {
                // SAFETY: the name is terminated and the module loaded; the type is the function's declaration in
                // wlanapi.h (the same as windows-sys has for a static import).
                unsafe {
                    std::mem::transmute::<unsafe extern "system" fn() -> isize, $function>(GetProcAddress(
                        module,
                        concat!($name, "\0").as_ptr(),
                    )?)
                }
            };
        }
        Some(Self {
            open: function!("WlanOpenHandle" as Open),
            close: function!("WlanCloseHandle" as Close),
            adapters: function!("WlanEnumInterfaces" as Adapters),
            notify: function!("WlanRegisterNotification" as Notify),
            scan: function!("WlanScan" as ScanNow),
            list: function!("WlanGetNetworkBssList" as BssList),
            query: function!("WlanQueryInterface" as Query),
            free: function!("WlanFreeMemory" as Free),
        })
    }
}

/// One adapter.
struct Adapter {
    guid: GUID,
    /// The identifier as Windows writes it: `{…}`.
    id: String,
    description: String,
}

/// A connection to the service.
struct Client {
    library: Library,
    handle: HANDLE,
}

impl Drop for Client {
    fn drop(&mut self) {
        // SAFETY: the handle came from the service and is closed once. The call waits for a notification under way.
        unsafe { (self.library.close)(self.handle, null()) };
    }
}

/// Memory of the service, given back when it goes.
struct Owned<'a, T> {
    client: &'a Client,
    data: *mut T,
}

impl<T> Drop for Owned<'_, T> {
    fn drop(&mut self) {
        if !self.data.is_null() {
            // SAFETY: the service allocated it and it is given back once.
            unsafe { (self.client.library.free)(self.data.cast()) };
        }
    }
}

/// How a scan ended.
enum Ended {
    Complete,
    Failed,
}

/// What the notifications are sent to.
struct Listener {
    guid: GUID,
    sender: mpsc::Sender<Ended>,
}

/// Called by the service on a thread of its own.
unsafe extern "system" fn notified(data: *mut L2_NOTIFICATION_DATA, context: *mut c_void) {
    // SAFETY: the service passes valid data or none; the context is the listener that `hear` keeps until the notifications
    // have ended, and it is only read (a sender may be shared between threads).
    let (Some(data), Some(listener)) =
        (unsafe { data.as_ref() }, unsafe { context.cast::<Listener>().as_ref() })
    else {
        return;
    };
    let code = data.NotificationCode.cast_signed();
    if data.NotificationSource != WLAN_NOTIFICATION_SOURCE_ACM || !same(&data.InterfaceGuid, &listener.guid) {
        return;
    }
    // That nobody waits any more is no error.
    let _ = match code {
        _ if code == wlan_notification_acm_scan_complete => listener.sender.send(Ended::Complete),
        _ if code == wlan_notification_acm_scan_fail => listener.sender.send(Ended::Failed),
        _ => Ok(()),
    };
}

fn same(a: &GUID, b: &GUID) -> bool {
    (a.data1, a.data2, a.data3, a.data4) == (b.data1, b.data2, b.data3, b.data4)
}

/// How the list came to be.
enum Made {
    Fresh,
    Aborted,
    /// It is whatever the system had, and why.
    Cached(Obstacle),
}

impl Client {
    fn open() -> Result<Self, Obstacle> {
        let library = Library::load().ok_or_else(bss_list::no_service)?;
        let (mut version, mut handle) = (0, null_mut());
        // SAFETY: both results are written to variables that outlive the call.
        let error =
            unsafe { (library.open)(WLAN_API_VERSION_2_0, null(), &raw mut version, &raw mut handle) };
        if error == 0 { Ok(Self { library, handle }) } else { Err(obstacle(error)) }
    }

    fn adapters(&self) -> Result<Vec<Adapter>, Obstacle> {
        let mut list = Owned { client: self, data: null_mut::<WLAN_INTERFACE_INFO_LIST>() };
        // SAFETY: the result is written to a variable that outlives the call, and is given back by `Owned`.
        let error = unsafe { (self.library.adapters)(self.handle, null(), &raw mut list.data) };
        if error != 0 {
            return Err(obstacle(error));
        }
        if list.data.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: the service wrote a list here; its count is read before any entry.
        let count = unsafe { (*list.data).dwNumberOfItems } as usize;
        // SAFETY: the address of a field of a list that exists; nothing is read.
        let first = unsafe { &raw const (*list.data).InterfaceInfo }.cast::<WLAN_INTERFACE_INFO>();
        let adapters = (0..count.min(MOST_ADAPTERS)).map(|index| {
            // SAFETY: the list holds `count` entries (WlanEnumInterfaces), of which at most so many are read; copied
            // without asking for alignment.
            let info = unsafe { first.add(index).read_unaligned() };
            let text = info.strInterfaceDescription;
            let end = text.iter().position(|unit| *unit == 0).unwrap_or(text.len());
            Adapter {
                guid: info.InterfaceGuid,
                id: written(&info.InterfaceGuid),
                description: String::from_utf16_lossy(text.get(..end).unwrap_or_default()),
            }
        });
        Ok(adapters.collect())
    }

    /// Listens with one adapter.
    fn hear(&self, adapter: &Adapter, until: Instant) -> Result<Scan, Obstacle> {
        if let Some(how) = self.radio_off(&adapter.guid) {
            return Err(radio_blocked(how));
        }
        let began = Instant::now();
        let made = self.refresh(&adapter.guid, until)?;
        let connection: Option<WLAN_CONNECTION_ATTRIBUTES> =
            self.query(&adapter.guid, wlan_intf_opcode_current_connection);
        let connection = connection.map(|connection| connection.wlanAssociationAttributes);
        let bytes = self.list(&adapter.guid)?;
        let bssid = connection.as_ref().map(|connection| connection.dot11Bssid);
        let (sightings, damaged) = bss_list::decode(&bytes, bssid, now());
        let (fresh, aborted) = match made {
            Made::Fresh => (true, None),
            Made::Aborted => (true, Some("aborted")),
            // An empty list that nobody made is no zero.
            Made::Cached(why) if sightings.is_empty() => return Err(why),
            Made::Cached(_) => (false, None),
        };
        let associated = connection.and_then(|connection| {
            let length = usize::try_from(connection.dot11Ssid.uSSIDLength).ok()?;
            connection.dot11Ssid.ucSSID.get(..length).map(<[u8]>::to_vec)
        });
        Ok(Scan {
            interface: String::new(),
            fresh,
            partial: aborted.or(damaged.then_some("damaged_list")),
            // Windows does not tell what an adapter hears: a band without any radio in sight is left out.
            bands: None,
            since_ms: fresh.then(|| super::since_ms(began)),
            associated,
            sightings,
            ..Scan::default()
        })
    }

    /// Asks for a scan and waits for its end.
    fn refresh(&self, guid: &GUID, until: Instant) -> Result<Made, Obstacle> {
        let (sender, heard) = mpsc::channel();
        let listener = Box::new(Listener { guid: *guid, sender });
        let context: *const Listener = &raw const *listener;
        let acm = WLAN_NOTIFICATION_SOURCE_ACM;
        // SAFETY: the context lives until `end_notifications` has returned, below.
        let error = unsafe {
            (self.library.notify)(self.handle, acm, 0, Some(notified), context.cast(), null(), null_mut())
        };
        if error != 0 {
            return Err(obstacle(error));
        }
        // SAFETY: the handle and the identifier are the service's own; the optional arguments are absent.
        let error = unsafe { (self.library.scan)(self.handle, guid, null(), null(), null()) };
        let made = if error == 0 {
            match heard.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(Ended::Complete) => Made::Fresh,
                Ok(Ended::Failed) => Made::Aborted,
                Err(_) => Made::Cached(Obstacle::Failed(Failure::new(Stage::Scan, Cause::Timeout))),
            }
        } else {
            Made::Cached(obstacle(error))
        };
        self.end_notifications(listener);
        Ok(made)
    }

    /// Ends the notifications, then lets their receiver go.
    fn end_notifications(&self, listener: Box<Listener>) {
        // SAFETY: no callback and no context are given; source 0 is "none".
        let error = unsafe { (self.library.notify)(self.handle, 0, 0, None, null(), null(), null_mut()) };
        if error != 0 {
            // The service may still call: what it calls must stay. A hundred bytes, once.
            std::mem::forget(listener);
        }
    }

    /// The list, copied.
    fn list(&self, guid: &GUID) -> Result<Vec<u8>, Obstacle> {
        let mut list = Owned { client: self, data: null_mut::<WLAN_BSS_LIST>() };
        // SAFETY: the result is written to a variable that outlives the call, and is given back by `Owned`.
        let error = unsafe {
            (self.library.list)(self.handle, guid, null(), dot11_BSS_type_any, 0, null(), &raw mut list.data)
        };
        if error != 0 {
            return Err(obstacle(error));
        }
        if list.data.is_null() {
            return Err(system_error("no list"));
        }
        // SAFETY: the service wrote a list here, which begins with its size.
        let size = unsafe { (*list.data).dwTotalSize } as usize;
        let size = size.min(bss_list::MOST_BYTES);
        // SAFETY: the service allocated `dwTotalSize` bytes for it (WLAN_BSS_LIST), of which at most so many are read;
        // they are copied before anything in them is looked at.
        Ok(unsafe { std::slice::from_raw_parts(list.data.cast::<u8>(), size) }.to_vec())
    }

    /// How the radio is off: `hard` (a switch) or `soft`; `None` when a part of it is on, or the driver does not tell.
    fn radio_off(&self, guid: &GUID) -> Option<&'static str> {
        let state: WLAN_RADIO_STATE = self.query(guid, wlan_intf_opcode_radio_state)?;
        let count = usize::try_from(state.dwNumberOfPhys).ok()?;
        let parts = state.PhyRadioState.get(..count).filter(|parts| !parts.is_empty())?;
        let hard = |part: &windows_sys::Win32::NetworkManagement::WiFi::WLAN_PHY_RADIO_STATE| {
            part.dot11HardwareRadioState == dot11_radio_state_off
        };
        let off =
            parts.iter().all(|part| hard(part) || part.dot11SoftwareRadioState == dot11_radio_state_off);
        off.then(|| if parts.iter().any(hard) { "hard" } else { "soft" })
    }

    /// A fact of an adapter, copied; `None` when the system does not tell. `T` is what wlanapi.h says of the code: plain
    /// numbers, of which any bits are a value.
    fn query<T: Copy>(&self, guid: &GUID, code: WLAN_INTF_OPCODE) -> Option<T> {
        let mut data = Owned { client: self, data: null_mut::<c_void>() };
        let mut size = 0;
        // SAFETY: the results are written to variables that outlive the call; the data is given back by `Owned`.
        let error = unsafe {
            (self.library.query)(
                self.handle,
                guid,
                code,
                null(),
                &raw mut size,
                &raw mut data.data,
                null_mut(),
            )
        };
        if error != 0 || data.data.is_null() || (size as usize) < size_of::<T>() {
            return None;
        }
        // SAFETY: at least so many bytes are there, and any bits are a value of `T`.
        Some(unsafe { data.data.cast::<T>().read_unaligned() })
    }
}

/// Now, in 100 ns since 1601.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let since = since + Duration::from_secs(EPOCH_OFFSET);
    u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX)
}

/// An identifier as Windows writes it.
fn written(guid: &GUID) -> String {
    // The last eight bytes are one number in the order they stand in, cut after the second.
    let tail = u64::from_be_bytes(guid.data4);
    let (head, rest) = (tail >> 48, tail & 0xffff_ffff_ffff);
    format!("{{{:08X}-{:04X}-{:04X}-{head:04X}-{rest:012X}}}", guid.data1, guid.data2, guid.data3)
}
