//! Schemes that no application may call its own (RFC 8252 §7.1): those that are registered for something else, and
//! those that systems and browsers act on by themselves.

/// IANA's registry of URI schemes (RFC 7595; permanent, provisional and historical; a copy of 2025), sorted, without
/// `http`, `https`, what a prefix below has, and the schemes in it that are one application's own: `adiumxtra`,
/// `barion`, `beshare`, `com-eventbrite-attendee`, `feedready`, `gizmoproject`, `gtalk`, `keyparc`, `lastfm`, `lbry`,
/// `leaptofrogans`, `mumble`, `paparazzi`, `secondlife`, `simplex`, `soldat`, `spotify`, `steam`, `teamspeak`,
/// `teliaeid`, `things`, `unreal`, `ut2004`, `ventrilo`, `vscode`, `vscode-insiders`, `vsls`, `xfire`, `ymsgr`.
#[rustfmt::skip]
const REGISTERED: [&str; 304] = [
    "aaa", "aaas", "about", "acap", "acct", "acd", "acr", "adt", "afp", "afs", "aim", "amss", "android", "appdata",
    "apt", "ar", "ari", "ark", "at", "attachment", "aw", "bb", "bitcoin", "bitcoincash", "bl", "blob", "bluetooth",
    "bolo", "brid", "browserext", "cabal", "caip", "calculator", "callto", "cap", "cast", "casts", "chrome",
    "chrome-extension", "cid", "coap", "coap+tcp", "coap+ws", "coaps", "coaps+tcp", "coaps+ws", "content",
    "content-type", "crid", "cstr", "cvs", "dab", "dat", "data", "dav", "dhttp", "diaspora", "dict", "did",
    "dilithium3", "dis", "dlna-playcontainer", "dlna-playsingle", "dnp", "dns", "dntp", "doi", "donau", "dpp",
    "drm", "drop", "dtmi", "dtn", "dvb", "dvx", "dweb", "ed2k", "eid", "elsi", "embedded", "ens", "esim",
    "ethereum", "example", "facetime", "fax", "feed", "fido", "file", "filesystem", "finger",
    "first-run-pen-experience", "fish", "fm", "ftp", "fuchsia-pkg", "geo", "gg", "git", "gitoid", "go", "gopher",
    "graph", "grd", "h323", "ham", "hcap", "hcp", "hs20", "hxxp", "hxxps", "hydrazone", "hyper", "i0", "iax", "ibi",
    "icap", "icon", "ilstring", "im", "imap", "info", "iotdisco", "ipfs", "ipn", "ipns", "ipp", "ipps", "irc",
    "irc6", "ircs", "iris", "iris.beep", "iris.lwz", "iris.xpc", "iris.xpcs", "isostore", "itms", "jabber", "jar",
    "jms", "ldap", "ldaps", "lid", "linkid", "lorawan", "lpa", "lvlt", "machineprovisioningprogressreporter",
    "magnet", "mailserver", "mailto", "maps", "market", "matrix", "message", "mid", "mms", "modem", "mongodb",
    "moz", "mqtt", "mqtts", "msnim", "msrp", "msrps", "mss", "mt", "mtqp", "mtrust", "mupdate", "mvn", "mvrp",
    "mvrps", "news", "nfs", "ni", "nih", "nntp", "notes", "num", "ocf", "oid", "onenote", "onenote-cmd",
    "opaquelocktoken", "openid", "openpgp4fpr", "otpauth", "p1", "pack", "palm", "payment", "payto", "pkcs11",
    "platform", "pop", "pres", "prospero", "proxy", "psyc", "pttp", "pwid", "qb", "query", "quic-transport",
    "redis", "rediss", "reload", "res", "resource", "rmi", "rsync", "rtmfp", "rtmp", "rtsp", "rtsps", "rtspu",
    "sarif", "secret-token", "service", "session", "sftp", "sgn", "shc", "shelter", "shttp", "sieve",
    "simpleledger", "sip", "sips", "skype", "smb", "smp", "sms", "smtp", "snews", "snmp", "soap.beep", "soap.beeps",
    "spacify", "spiffe", "ssb", "ssh", "starknet", "stun", "stuns", "submit", "svn", "swh", "swid", "swidpath",
    "tag", "taler", "teapot", "teapots", "tel", "telnet", "tftp", "thismessage", "thzp", "tip", "tn3270", "tool",
    "turn", "turns", "tv", "udp", "upn", "upt", "urn", "uuid-in-package", "v-event", "vemmi", "ves", "videotex",
    "view-source", "vnc", "w3", "wais", "wasm", "wasm-js", "wcr", "web+ap", "web3", "webcal", "wifi", "wpid", "ws",
    "wss", "wtai", "wyciwyg", "xcompute", "xcon", "xcon-userid", "xftp", "xmlrpc.beep", "xmlrpc.beeps", "xmpp",
    "xrcp", "xri", "z39.50", "z39.50r", "z39.50s",
];

/// Handlers and inner pages of Windows, macOS, iOS, Android, Linux desktops and browsers that are not registered, and
/// `localhost`, which is an address without its scheme.
#[rustfmt::skip]
const SYSTEMS: [&str; 120] = [
    "addressbook", "admin", "amzn", "android-app", "app-prefs", "app-settings", "applenews", "applenewss",
    "applescript", "appmarket", "bingmaps", "brave", "burn", "calshow", "chrome-devtools", "chrome-error",
    "chrome-native", "chrome-search", "chrome-untrusted", "cifs", "computer", "conf", "contact", "contacts",
    "davs", "devtools", "diags", "edge", "facetime-audio", "facetime-group", "feeds", "firefox", "firefox-private",
    "flatpak", "flatpak+https", "fonts", "ftps", "ghelp", "google.navigation", "google.streetview", "googlechrome",
    "googlechromes", "help", "hh", "ibooks", "imessage", "intent", "its", "javascript", "jnlp", "jnlps",
    "livescript", "localhost", "macappstore", "macappstores", "man", "mapi", "messages", "mhtml",
    "microsoft-edge", "mimarket", "mk", "mmsto", "mobilenotes", "mocha", "moz-anno", "moz-extension", "moz-icon",
    "moz-page-thumb", "mtp", "music", "musics", "network", "opera", "outlookfeed", "outlookfeeds", "package",
    "pcast", "photos", "photos-redirect", "podcast", "podcasts", "prefs", "rdp", "read", "recent", "rlogin",
    "safari-extension", "safari-web-extension", "samsungapps", "search", "search-ms", "settings-navigation",
    "shareddocuments", "shell", "shoebox", "shortcuts", "smsto", "snap", "stssync", "svn+ssh",
    "telprompt", "trash", "vbs", "vbscript", "videos", "vivaldi", "voicemail", "webcals", "webdav", "webdavs",
    "windowsdefender", "workflow", "x-dictionary", "x-help-action", "x-man-page", "x-radar", "x-web-search", "xbox",
    "zune",
];

/// How handlers of one vendor begin: the apps, settings and installers of Microsoft and Apple.
const VENDORS: [&str; 4] = ["itms", "microsoft.windows.", "ms-", "x-apple"];

/// How UWP applications are called back, each with an identifier of its own behind it (RFC 8252 appendix B.3).
const UWP: &str = "ms-app";

/// Whether an application may have a scheme, in lower case, for its own.
pub(super) fn may_be_an_applications(scheme: &str) -> bool {
    let listed = [&REGISTERED[..], &SYSTEMS[..]].into_iter().any(|list| list.binary_search(&scheme).is_ok());
    let vendors = VENDORS.iter().any(|prefix| scheme.starts_with(prefix)) && scheme != UWP;
    // One letter is a drive of Windows.
    scheme.len() > 1 && !listed && !vendors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_in_lower_case() {
        for list in [&REGISTERED[..], &SYSTEMS[..]] {
            assert!(list.is_sorted_by(|one, next| one < next));
            assert!(list.iter().all(|scheme| !scheme.bytes().any(|byte| byte.is_ascii_uppercase())));
        }
        assert!(SYSTEMS.iter().all(|scheme| REGISTERED.binary_search(scheme).is_err()));
    }

    #[test]
    fn rfc_8252_s7_1_schemes_of_systems_and_of_registries_are_no_applications() {
        for scheme in [
            "about",
            "blob",
            "data",
            "file",
            "filesystem",
            "ftp",
            "jar",
            "javascript",
            "mailto",
            "urn",
            "vbscript",
            "view-source",
            "ws",
            "wss",
            "ms-msdt",
            "search-ms",
            "ms-appinstaller",
            "ms-settings",
            "ms-word",
            "microsoft.windows.camera",
            "microsoft-edge",
            "itms-services",
            "itms-apps",
            "itmss",
            "intent",
            "android-app",
            "market",
            "chrome",
            "chrome-extension",
            "moz-extension",
            "edge",
            "shell",
            "smb",
            "ldap",
            "tel",
            "sms",
            "facetime",
            "prefs",
            "app-settings",
            "shortcuts",
            "x-apple.systempreferences",
            "res",
            "mhtml",
            "hcp",
            "livescript",
            "mocha",
            "wyciwyg",
            "feed",
            "resource",
            "magnet",
            "ssh",
            "jnlp",
            "c",
            "z",
            "localhost",
            "machineprovisioningprogressreporter",
        ] {
            assert!(!may_be_an_applications(scheme), "{scheme}");
        }
    }

    #[test]
    fn rfc_8252_s7_1_schemes_of_applications_in_use_are_theirs() {
        for scheme in [
            "com.example.app",
            "cursor",
            "vscode",
            "vscode-insiders",
            "windsurf",
            "zed",
            "claude",
            "raycast",
            "slack",
            "zoommtg",
            "spotify",
            "steam",
            "com-eventbrite-attendee",
            "msauth.com.example.app",
            "msal1234",
            "ms-app",
            "jetbrains",
            "warp",
            "goose",
            "obsidian",
            "io.element.desktop",
            "fb123456",
        ] {
            assert!(may_be_an_applications(scheme), "{scheme}");
        }
    }
}
