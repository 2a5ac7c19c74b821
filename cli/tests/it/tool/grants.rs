//! `registrar grant`.

use serde_json::{Value, json};

use super::{failure, json_failure};
use crate::program::{Administration, Folder, Served};

/// A served table with a client, as an authorization server that is written for Authlete meets it.
pub(super) struct Shop<'s> {
    served: &'s Served,
    pub(super) client_id: String,
}

impl<'s> Shop<'s> {
    pub(super) fn open(served: &'s Served, alias: &str) -> Self {
        let client = json!({
            "clientName": "Shop", "clientType": "CONFIDENTIAL", "clientIdAlias": alias, "clientIdAliasEnabled": true,
            "redirectUris": ["https://rp.example/cb"], "responseTypes": ["CODE"],
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
        });
        let shop = Self { served, client_id: String::new() };
        let client_id = shop.post("/client/create", &client)["clientId"].to_string();
        Self { client_id, ..shop }
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/api/1{path}", self.served.text("base_url"));
        self.served.send("POST", &url, Some(self.served.text("service_token")), &body.to_string()).1
    }

    /// A user lets the client have those scopes: a code.
    pub(super) fn code(&self, subject: &str, scope: &str) -> String {
        let id = &self.client_id;
        // RFC 7636 appendix B: services ask for a code challenge.
        let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        let tail = format!("redirect_uri=https://rp.example/cb&nonce=n&{challenge}");
        let parameters = format!("response_type=code&client_id={id}&scope={scope}&{tail}");
        let begun = self.post("/auth/authorization", &json!({ "parameters": parameters }));
        let issue = json!({"ticket": begun["ticket"], "subject": subject});
        let issued = self.post("/auth/authorization/issue", &issue);
        issued["authorizationCode"].as_str().unwrap_or_else(|| panic!("{begun} {issued}")).to_owned()
    }

    /// An access token and a refresh token.
    pub(super) fn tokens(&self, subject: &str) -> [String; 2] {
        let id: u64 = self.client_id.parse().unwrap();
        let body = json!({"grantType": "AUTHORIZATION_CODE", "clientId": id, "subject": subject, "scopes": ["email"]});
        let made = self.post("/auth/token/create", &body);
        ["accessToken", "refreshToken"].map(|name| made[name].as_str().unwrap_or_else(|| panic!("{made}")).to_owned())
    }

    pub(super) fn works(&self, token: &str) -> bool {
        self.post("/auth/introspection", &json!({ "token": token }))["action"] == "OK"
    }
}

#[test]
fn what_users_have_let_clients_have_is_listed_and_shown_without_any_token() {
    let data = Folder::new("grants");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let (shop, other) = (Shop::open(&served, "shop"), Shop::open(&served, "other"));
    let code = shop.code("john", "openid profile");
    let [access, refresh] = shop.tokens("john");
    shop.tokens("su b/1");
    other.tokens("john");
    let listed = |words: &[&str]| admin.json(&[&["grant", "list", "1"], words].concat());
    let of_john = listed(&["--subject", "john"]);
    let of = |rows: &Value, member: &str| -> Vec<String> {
        let texts = rows.as_array().unwrap().iter().map(|row| row[member].to_string().replace('"', ""));
        let mut texts: Vec<String> = texts.collect();
        texts.sort();
        texts
    };
    let mut clients = vec![shop.client_id.clone(), other.client_id.clone()];
    clients.sort();
    assert_eq!(of(&of_john, "client_id"), clients);
    for name in ["shop", &shop.client_id] {
        assert_eq!(of(&listed(&["--client", name]), "subject"), ["john", "su b/1"], "{name}");
    }
    let both = listed(&["--client", "shop", "--subject", "john"]);
    assert_eq!((of(&both, "live"), of(&both, "scopes")), (vec!["2".to_owned()], vec!["[openid,profile]".to_owned()]));
    assert_eq!(listed(&["--client", "shop", "--limit", "1"]).as_array().unwrap().len(), 1);
    let cut = admin.run(&["grant", "list", "1", "--client", "shop", "--limit", "1"]);
    assert_eq!(String::from_utf8(cut.stderr).unwrap(), "There are more: --limit\n");
    let people = String::from_utf8(admin.run(&["grant", "list", "1", "--subject", "john"]).stdout).unwrap();
    assert!(people.starts_with("CLIENT ID ") && people.lines().count() == 3, "{people}");

    let words = ["grant", "show", "1", "--client", "shop", "--subject", "john"];
    let shown = admin.json(&words);
    assert_eq!(
        (&shown["latest_scopes"], &shown["scopes"]),
        (&json!(["openid", "profile"]), &json!(["openid", "profile"]))
    );
    let authorizations = shown["authorizations"].as_array().unwrap();
    assert_eq!(authorizations.len(), 2);
    let made = authorizations.iter().find(|shown| shown["scopes"] == json!(["email"])).unwrap();
    let url = format!("{}/api/1/auth/token/get/list?subject=john&clientIdentifier=shop", served.text("base_url"));
    let (_, api) = served.send("GET", &url, Some(served.text("service_token")), "");
    for (own, name) in [("access_token_id", "accessTokenHash"), ("refresh_token_id", "refreshTokenHash")] {
        assert_eq!(made[own], api["accessTokens"][0][name], "{api}");
    }
    assert!(made["access_token_ends"].as_str().unwrap().ends_with('Z') && made.get("refreshed").is_none(), "{made}");
    let begun = authorizations.iter().find(|shown| shown["scopes"] != json!(["email"])).unwrap();
    assert!(begun["code_ends"].is_string() && begun.get("access_token_id").is_none(), "{begun}");
    let people = String::from_utf8(admin.run(&words).stdout).unwrap();
    assert_eq!(people.matches("grant_type").count(), 2, "{people}");
    for secret in [&code, &access, &refresh] {
        assert!(!people.contains(secret.as_str()) && !shown.to_string().contains(secret.as_str()));
    }
    admin.json(&["client", "lock", "--service", "1", &shop.client_id]);
    let locked = admin.run(&words);
    assert!(String::from_utf8(locked.stderr).unwrap().contains("is locked"));
    assert_eq!(String::from_utf8(locked.stdout).unwrap(), people);
    served.stop();
}

#[test]
fn what_users_have_let_clients_have_is_ended_by_user_by_client_and_by_both() {
    let data = Folder::new("grants-ended");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let (shop, other) = (Shop::open(&served, "shop"), Shop::open(&served, "other"));
    shop.code("john", "openid");
    let [[a, _], [b, _], [c, _], [d, _]] =
        [shop.tokens("john"), shop.tokens("jane"), other.tokens("john"), other.tokens("jane")];
    let both = ["grant", "revoke", "1", "--client", "shop", "--subject", "john"];
    let by_user = ["grant", "revoke", "1", "--subject", "john"];
    let by_client = ["grant", "revoke", "1", "--client", &other.client_id];
    for line in [&both[..], &by_user, &by_client] {
        let refusal = admin.refusal(line);
        assert!(refusal.contains("--yes"), "{refusal}");
    }
    assert!([&a, &b, &c, &d].iter().all(|token| shop.works(token)));
    let ended = admin.run(&[&both[..], &["--yes"]].concat());
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(text, "What user john had let client shop have is ended; authorizations with tokens: 1.\n");
    assert_eq!([&a, &b, &c, &d].map(|token| shop.works(token)), [false, true, true, true]);
    let (code, _, sentence) = json_failure(&admin.run(&[&both[..], &["--yes", "--json"]].concat()));
    assert!(code == 3 && sentence.contains("`registrar grant list 1 --subject john`"), "{sentence}");
    let path = format!("/client/granted_scopes/get/{}", shop.client_id);
    assert!(shop.post(&path, &json!({"subject": "john"})).get("latestGrantedScopes").is_none());

    admin.json(&[&by_user[..], &["--yes"]].concat());
    assert_eq!([&b, &c, &d].map(|token| shop.works(token)), [true, false, true]);
    admin.json(&[&by_client[..], &["--yes"]].concat());
    assert_eq!([&b, &d].map(|token| shop.works(token)), [true, false]);
    assert_eq!(admin.json(&["grant", "list", "1", "--client", "other"]), json!([]));
    let [again, _] = other.tokens("jane");
    assert!(shop.works(&again), "later tokens live");

    for (line, code, part) in [
        (&["grant", "list", "1"][..], 2, "--client"),
        (&["grant", "revoke", "1", "--yes"], 2, "--subject"),
        (&["grant", "list", "many", "--subject", "x"], 2, "a service is a number"),
        (&["grant", "list", "99", "--subject", "x"], 3, "there is no service 99"),
        (&["grant", "list", "1", "--subject", "nobody"], 3, "user nobody has let no client of service 1"),
        (&["grant", "list", "1", "--client", "nothing"], 3, "there is no client nothing"),
        (&["grant", "show", "1", "--client", "nothing", "--subject", "jane"], 3, "there is no client nothing"),
        (&["grant", "show", "1", "--client", "shop", "--subject", "-x"], 3, "user -x has let client shop have nothing"),
        (&["grant", "revoke", "1", "--client", "nothing", "--yes"], 3, "there is no client nothing"),
        (&["grant", "revoke", "1", "--subject", "nobody", "--yes"], 3, "user nobody has let no client"),
    ] {
        let (found, text) = failure(&admin.run(line));
        assert!(found == code && text.contains(part), "{line:?}: {text}");
    }
    served.stop();
}
