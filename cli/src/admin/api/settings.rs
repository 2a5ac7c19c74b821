//! Where the operators' API is, and whose token is sent to it.

use anyhow::{Context, Result};
use clap::Args;
use shared::credentials::{Token, TokenKind};

use super::{Api, profile};
use crate::admin::input::token_file;
use crate::environment::{self, EXTRA_CA};
use crate::failure::{Failure, Kind};

/// Where the API is, unless an option says it.
const API: &str = "REGISTRAR_API";

/// The token, unless an option says where it is.
const TOKEN: &str = "REGISTRAR_TOKEN";

/// The kinds of tokens that operators have.
const KINDS: [TokenKind; 2] = [TokenKind::Service, TokenKind::Organization];

/// The operators' API in the place of a table.
#[derive(Args)]
#[group(skip)]
pub(in crate::admin) struct Settings {
    /// Ask the operators' API that is at this URL with a token, and no table: no credentials of AWS are needed; else the
    /// one of `REGISTRAR_API`.
    #[arg(long, global = true, value_name = "URL")]
    api: Option<String>,
    /// A file with the token, `-` is the standard input; else it is that of `REGISTRAR_TOKEN`, or of --token before the words
    /// of the command.
    #[arg(long, global = true, value_name = "FILE")]
    token_file: Option<String>,
    /// The token itself, before the words of the command. Others on this machine see it there: --token-file,
    /// `REGISTRAR_TOKEN` and --profile keep it from them.
    // A command has an option of this name that is another one.
    #[arg(id = "token", long = "token", value_name = "TOKEN")]
    value: Option<String>,
    /// URL and token of that name in registrar/profiles.json of `XDG_CONFIG_HOME`, which is ~/.config unless it is set.
    #[arg(long, global = true, value_name = "NAME")]
    profile: Option<String>,
    /// Whether an option names a table, which goes before a variable that names an API.
    #[arg(skip)]
    pub(in crate::admin) is_passed_over: bool,
}

impl Settings {
    /// The API that is meant, if one is.
    ///
    /// # Errors
    /// If the URL, the token or the profile is none.
    pub(in crate::admin) fn api(&self) -> Result<Option<Api>> {
        // They may stand at several levels of the command line, which clap compares one by one.
        let Self { api, token_file, value, profile, .. } = self;
        if value.is_some() && token_file.is_some() {
            return Err(Failure::usage("--token and --token-file exclude each other").into());
        }
        let has_token = value.is_some() || token_file.is_some();
        if let Some(name) = profile {
            if api.is_some() || has_token {
                return Err(Failure::usage("--profile has a URL and a token: no other ones stand beside it").into());
            }
            let profile = profile::read(name)?;
            let token = operators_token(&profile.token, &format!("the profile {name}"))?;
            return Api::at(&profile.api, token, extra_ca()?.as_deref()).map(Some);
        }
        match api.clone().or_else(|| environment::given(API).filter(|_| !self.is_passed_over)) {
            Some(url) => Api::at(&url, self.token()?, extra_ca()?.as_deref()).map(Some),
            None if has_token => Err(Failure::usage(format!("a token is for an API: give --api, or set {API}")).into()),
            None => Ok(None),
        }
    }

    fn token(&self) -> Result<Token> {
        match (&self.value, &self.token_file) {
            (Some(token), _) => operators_token(token, "--token"),
            (None, Some(file)) => {
                let unread = |error| Failure::new(Kind::Credentials, format!("--token-file: {error:#}"));
                operators_token(&token_file(file).map_err(unread)?, "--token-file")
            }
            (None, None) => {
                let token = environment::given(TOKEN).ok_or_else(|| {
                    let sentence = format!("the API needs a token: set {TOKEN}, or give --token-file or --profile");
                    Failure::new(Kind::Credentials, sentence)
                })?;
                operators_token(&token, TOKEN)
            }
        }
    }
}

/// A further authority that is trusted, in development.
fn extra_ca() -> Result<Option<Vec<u8>>> {
    let read = |file: String| std::fs::read(&file).with_context(|| format!("{EXTRA_CA}: cannot read {file}"));
    environment::given(EXTRA_CA).map(read).transpose()
}

/// What may be sent to an API: nothing but a token that it may know. What else it is stays untold, since it may be another
/// secret.
fn operators_token(text: &str, place: &str) -> Result<Token> {
    let token = KINDS.into_iter().find_map(|kind| Token::parse(kind, text.trim()));
    token.ok_or_else(|| {
        let prefixes = KINDS.map(TokenKind::prefix).join(" or ");
        let sentence = format!("{place}: an operator's token is needed, which begins with {prefixes}");
        Failure::new(Kind::Credentials, sentence).into()
    })
}
