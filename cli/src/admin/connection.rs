//! Which table, and which key.

use std::path::Path;

use anyhow::Result;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use axum::http::Uri;
use clap::Args;
use shared::app::{self, StartError};
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::fetch::FetchSettings;
use shared::service::Service;
use shared::store::{ServiceNumber, Store};
use shared::time::Clock;

use super::api::Settings;
use super::asked::{Asked, needs_table};
use super::fetched::Reach;
use super::output::date;
use super::place::{Place, Server};
use super::sign_in::{self, sign_in};
use crate::environment::{EXTRA_CA, REACHABLE};
use crate::failure::{Failure, Kind, described};
use crate::folder::{FOLDER, FOLDER_OF_MEMORY, SERVER_CERTIFICATE};
use crate::{demo, embedded, environment, print};

/// The organization of services that are given none.
pub(super) const ORGANIZATION: &str = "default";

/// Where a command acts.
#[derive(Args)]
#[group(skip)]
#[command(next_help_heading = "Where it acts")]
pub struct Options {
    /// The DynamoDB to use, as `http://127.0.0.1:8000`, with the access key of the file env beside the key file; without
    /// it, what the AWS environment names, or where that names nothing, the table of .registrar.
    #[arg(long, global = true, value_name = "URL", value_parser = endpoint_url)]
    endpoint_url: Option<String>,
    /// The table.
    #[arg(long, global = true, env = "REGISTRAR_TABLE", default_value = embedded::TABLE)]
    table: String,
    /// The KMS key that wraps the data keys of services.
    #[arg(long, global = true, env = "REGISTRAR_KMS_KEY_ID", value_name = "KEY")]
    kms_key_id: Option<String>,
    /// The key file that takes the place of KMS; .registrar/key where --endpoint-url is given.
    #[arg(long, global = true, env = "REGISTRAR_KEY_FILE", value_name = "FILE")]
    key_file: Option<String>,
    #[command(flatten)]
    api: Settings,
}

/// A table, and what wraps the keys of its services.
pub struct Connection {
    /// The table.
    pub store: Store,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    pub(super) place: Place,
    pub(super) client: Client,
    aws: Option<SdkConfig>,
    kms_key_id: Option<String>,
    key_file: Option<String>,
}

impl Options {
    /// A table is named on the command line: a variable that names an API is passed over.
    pub(crate) fn mean_a_table(&mut self) {
        self.api.is_passed_over = true;
    }

    /// Whom they name: the operators' API, or a table.
    ///
    /// # Errors
    /// If nobody is signed in, or an option is not what it must be.
    pub(super) async fn asked(self) -> Result<Asked> {
        match self.api.api()? {
            Some(api) => Ok(Asked::Api(api)),
            None => Ok(Asked::Table(Box::new(self.table().await?))),
        }
    }

    /// The table, for what is about tables.
    ///
    /// # Errors
    /// The same; if an API is named.
    pub(super) async fn connect(self) -> Result<Connection> {
        if self.api.api()?.is_some() {
            return Err(needs_table("it looks at one").into());
        }
        self.table().await
    }

    async fn table(self) -> Result<Connection> {
        let clock = Clock::system();
        let (table, kms_key_id) = (table(self.table)?, given(self.kms_key_id));
        let meant_by = sign_in::meant_by().or_else(|| kms_key_id.as_ref().map(|_| "a KMS key"));
        let local = match (&self.endpoint_url, meant_by) {
            (Some(_), _) => None,
            (None, None) => Local::find()?,
            // It is only spoken of.
            (None, Some(_)) => Local::find().unwrap_or_default(),
        };
        let (url, data) = match (self.endpoint_url, &local) {
            (None, Some(Local { data, url })) if meant_by.is_none() => {
                print::note(&format!("The AWS environment names nothing: this is the table of {data}, at {url}."));
                (Some(url.clone()), *data)
            }
            (url, _) => (url, FOLDER),
        };
        let key_file = given(self.key_file).or_else(|| url.as_ref().map(|_| format!("{data}/key")));
        let (client, aws, server) = if let Some(url) = url {
            let (client, aws) = client_at(&url, key_file.as_deref()).await?;
            (client, aws, Server::Url(url))
        } else {
            let aws = sign_in().await.map_err(|failure| instead(&failure, meant_by, local.as_ref()))?;
            if let (Some(meant_by), Some(Local { data, .. })) = (meant_by, &local) {
                print::note(&format!("This is not the table of {data}, since {meant_by} is set."));
            }
            (Client::new(&aws), Some(aws.clone()), named(&aws))
        };
        let key = kms_key_id.as_ref().map(|key| format!("the KMS key {key}"));
        let key = key.or_else(|| key_file.as_ref().map(|file| format!("the key file {file}")));
        Ok(Connection {
            store: Store::new(client.clone(), table.clone(), clock.clone()),
            clock,
            entropy: Entropy::system(),
            client,
            place: Place { table, server, key },
            aws,
            kms_key_id,
            key_file,
        })
    }
}

/// The table of the working folder, where nothing says otherwise.
struct Local {
    data: &'static str,
    url: String,
}

impl Local {
    /// The one that is served; where none is, the one in a file.
    fn find() -> Result<Option<Self>> {
        let mut known = Vec::new();
        for data in [FOLDER, FOLDER_OF_MEMORY] {
            known.extend(environment::endpoint_url(Path::new(data))?.map(|url| Self { data, url }));
        }
        let served = known.iter().position(|local| environment::is_served(&local.url)).unwrap_or_default();
        Ok(known.into_iter().nth(served))
    }
}

/// Why nobody is signed in, and how else a table is reached: `meant_by` is what has named AWS, `local` what was passed over
/// for it.
fn instead(failure: &Failure, meant_by: Option<&str>, local: Option<&Local>) -> Failure {
    let sentence = match (meant_by, local) {
        (Some(meant_by), Some(Local { data, .. })) => format!(
            "{failure}; the table of {data} is passed over, since {meant_by} is set: unset it to use that table"
        ),
        (Some(_), None) => return failure.clone(),
        (None, _) => format!(
            "there is no {} here: go to the folder of `registrar serve`, give its --endpoint-url and --key-file, or sign \
             in to AWS ({failure})",
            environment::file(Path::new(FOLDER)).display()
        ),
    };
    Failure::new(failure.kind, sentence)
}

/// With the access key that lies beside the key file, as in the data folder of `registrar serve`; without one, with what
/// the AWS environment has.
async fn client_at(url: &str, key_file: Option<&str>) -> Result<(Client, Option<SdkConfig>)> {
    let data = key_file.and_then(|file| Path::new(file).parent());
    if let Some(access_key) = data.map(environment::access_key).transpose()?.flatten() {
        return Ok((embedded::client(url, &access_key), None));
    }
    let aws = sign_in().await.map_err(|failure| {
        let beside = environment::file(data.unwrap_or(Path::new(FOLDER))).display().to_string();
        Failure::new(failure.kind, format!("{beside} has no access key for the table at {url}, and {failure}"))
    })?;
    let configuration = aws_sdk_dynamodb::config::Builder::from(&aws).endpoint_url(url).build();
    Ok((Client::from_conf(configuration), Some(aws)))
}

/// Who has the table that the AWS environment names.
fn named(aws: &SdkConfig) -> Server {
    let url = [environment::ENDPOINT_URL, "AWS_ENDPOINT_URL"].into_iter().find_map(environment::given);
    let region = || aws.region().map(ToString::to_string).unwrap_or_default();
    url.map_or_else(|| Server::Region(region()), Server::Url)
}

/// An option whose variable is empty says nothing.
fn given(value: Option<String>) -> Option<String> {
    value.filter(|value| !value.is_empty())
}

/// A name, or an ARN with one.
fn table(text: String) -> Result<String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-:/".contains(&byte));
    match text.len() {
        0 => Ok(embedded::TABLE.to_owned()),
        3..=1024 if plain => Ok(text),
        _ => Err(Failure::usage("--table: the name of a table has 3 or more of A-Z a-z 0-9 . _ -").into()),
    }
}

fn endpoint_url(text: &str) -> Result<String, String> {
    let url: Option<Uri> = text.parse().ok();
    match url.filter(|url| matches!(url.scheme_str(), Some("http" | "https")) && url.host().is_some()) {
        Some(_) => Ok(text.to_owned()),
        None => Err("it must be a URL such as http://127.0.0.1:8000".to_owned()),
    }
}

impl Connection {
    /// What wraps the data keys of services.
    pub(super) async fn keys(&self) -> Result<KeyEncryption> {
        let keys = self.keys_of(self.kms_key_id.as_deref(), self.key_file.as_deref()).await?;
        let sentence = "a service needs a key: give --kms-key-id, or --key-file";
        keys.ok_or_else(|| Failure::new(Kind::Credentials, sentence).into())
    }

    /// That KMS key, or that key file, if one of them is given.
    pub(super) async fn keys_of(
        &self,
        kms_key_id: Option<&str>,
        key_file: Option<&str>,
    ) -> Result<Option<KeyEncryption>> {
        match (kms_key_id, key_file) {
            (Some(key_id), _) => {
                let aws = match &self.aws {
                    Some(aws) => aws.clone(),
                    None => sign_in().await?,
                };
                Ok(Some(KeyEncryption::kms(key_id.to_owned(), aws)))
            }
            (None, Some(path)) => {
                let refused = |error: StartError| Failure::new(Kind::Credentials, error.to_string()).into();
                app::key_file(path).map(Some).map_err(refused)
            }
            (None, None) => Ok(None),
        }
    }

    /// What wraps them, as the options name it.
    pub(super) fn key_name(&self) -> &str {
        self.place.key.as_deref().unwrap_or("the key")
    }

    /// What wraps the data key of a new service of that organization. It must open what others have sealed: with the key
    /// of another table, nobody would ever open what this one seals.
    pub(super) async fn keys_for(&self, organization: &str) -> Result<KeyEncryption> {
        let keys = self.keys().await?;
        let Some(other) = self.known_service(organization).await? else { return Ok(keys) };
        other.opens_with(&keys).await.map_err(described)?;
        Ok(keys)
    }

    /// A service that is there already, if one is easily found: that of `registrar serve`, one of the organization, one
    /// of the usual organization.
    pub(super) async fn known_service(&self, organization: &str) -> Result<Option<Service>> {
        if let Some(service) = self.store.service(demo::SERVICE_ID).await.map_err(described)? {
            return Ok(Some(service));
        }
        for organization in [organization, ORGANIZATION] {
            let mut page = self.store.service_page(organization, 0, 1).await.map_err(described)?;
            if let Some(service) = page.next_few().await.map_err(described)?.and_then(|few| few.into_iter().next()) {
                return Ok(Some(service));
            }
        }
        Ok(None)
    }

    /// Where the API is that this table is for, if that is known: as `REGISTRAR_BASE_URL` says, else as the data folder of
    /// `registrar serve` does.
    pub(super) fn base_url(&self) -> Option<String> {
        let named = environment::given("REGISTRAR_BASE_URL");
        named.or_else(|| Some(demo::Demo::read(&self.data()?.join("demo.json"))?.base_url))
    }

    /// What may be fetched beyond the rules, in development: as the options say, the environment, or the data folder of
    /// `registrar serve`.
    pub(super) fn fetch_settings(&self, reach: Reach) -> Result<FetchSettings> {
        let extra_ca = match self.development(EXTRA_CA)? {
            Some(file) if reach.extra_ca.is_none() => Some(file.into()),
            _ => reach.extra_ca,
        };
        let reachable = reach.reachable.into_iter().chain(self.reachable()?).collect();
        let mut settings = Reach { extra_ca, reachable }.settings()?;
        // What `registrar serve` shows of itself is by no other authority.
        if let Some(own) = self.data().and_then(|data| std::fs::read(data.join(SERVER_CERTIFICATE)).ok()) {
            settings.extra_ca = Some([settings.extra_ca.unwrap_or_default(), own].join(&b'\n'));
        }
        Ok(settings)
    }

    /// The hosts and ports to which the rules about hosts do not apply, in development.
    pub(super) fn reachable(&self) -> Result<Vec<String>> {
        let named = self.development(REACHABLE)?.unwrap_or_default();
        Ok(named.split(',').filter(|pair| !pair.is_empty()).map(str::to_owned).collect())
    }

    /// The data folder of `registrar serve`, where the key file is in one.
    fn data(&self) -> Option<&Path> {
        self.key_file.as_deref().and_then(|file| Path::new(file).parent())
    }

    fn development(&self, name: &str) -> Result<Option<String>> {
        match (environment::given(name), self.data()) {
            (None, Some(data)) => Ok(given(environment::variable(data, name)?)),
            (named, _) => Ok(named),
        }
    }

    /// A service that must exist.
    pub(super) async fn service(&self, id: u64) -> Result<Service> {
        if let Some(service) = self.store.service(id).await.map_err(described)? {
            return Ok(service);
        }
        let importing = |number: ServiceNumber| matches!(number, ServiceNumber::Importing(_));
        let sentence = match self.store.restorable_until(id).await.map_err(described)? {
            Some(end) => {
                format!("service {id} is deleted: `registrar service restore {id}` brings it back, until {}", date(end))
            }
            None if self.store.service_number(id).await.map(importing).map_err(described)? => format!(
                "service {id} is being imported: give `registrar service import` again, with the same file, or end it with \
                 `registrar service delete {id} --for-good`"
            ),
            None => format!("there is no service {id}"),
        };
        Err(Failure::not_found(sentence).into())
    }

    /// The failure that an error is here: in one sentence, with what to do.
    pub(super) fn failure(&self, error: &anyhow::Error) -> Failure {
        self.place.failure(error)
    }
}
