//! What is declared of each answer, compared with the answers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex};

use jsonschema::{Registry, Resource, Validator};
use serde_json::{Map, Value, json};

use crate::support::Reply;

/// A function, a method, a status.
pub(crate) type Key = (String, String, u16);

/// An answer.
pub(crate) struct Answered {
    /// What was asked.
    asked: String,
    key: Key,
    content_type: Option<String>,
    body: Value,
}

impl Answered {
    /// Name, function, method and answer of an event.
    pub(super) fn event((asked, function, method, answer): (String, String, String, Value)) -> Self {
        let content_type = answer["headers"]["content-type"].as_str().map(essence);
        let body = match answer["body"].as_str().unwrap() {
            "" => Value::Null,
            text if content_type.as_deref() == Some("application/json") => serde_json::from_str(text).unwrap(),
            text => text.into(),
        };
        let status = answer["statusCode"].as_u64().unwrap();
        Self { asked, key: (function, method, u16::try_from(status).unwrap()), content_type, body }
    }

    fn reply(function: &str, method: &str, path: &str, reply: &Reply) -> Self {
        let content_type = reply.headers.get("content-type").map(|kind| essence(kind.to_str().unwrap()));
        let key = (function.to_owned(), method.to_owned(), reply.status);
        Self { asked: path.to_owned(), key, content_type, body: reply.body.clone() }
    }

    /// Whether it is one of an operation: not of the gateway itself, nor to a method that means nothing there.
    fn is_of_an_operation(&self) -> bool {
        let (function, method, _) = &self.key;
        let endpoint = registrar::endpoints().find(|endpoint| endpoint.function == function).unwrap();
        let is_method = endpoint.methods.iter().any(|known| known.as_str() == method);
        let is_of_gateway = self.body.as_object().is_some_and(|members| members.keys().eq(["message"]));
        is_method && !is_of_gateway && !openapi::UNDESCRIBED.contains(&endpoint.function)
    }
}

/// A content type without its parameters.
fn essence(content_type: &str) -> String {
    content_type.split(';').next().unwrap().to_owned()
}

/// What is declared of the answers of each operation.
pub(crate) struct Described {
    pub(super) document: Value,
    /// Where in the document each is.
    places: BTreeMap<Key, String>,
    registry: Registry<'static>,
    validators: Mutex<HashMap<String, Arc<Validator>>>,
}

/// How the registry names the document.
const DOCUMENT: &str = "urn:description";

impl Described {
    pub(super) fn by(document: Value) -> Self {
        let mut places = BTreeMap::new();
        for endpoint in registrar::endpoints() {
            for path in endpoint.paths {
                let path = path.replace("+}", "}");
                for (method, operation) in document["paths"][&path].as_object().into_iter().flatten() {
                    for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
                        let place = match answer["$ref"].as_str() {
                            Some(place) => place.trim_start_matches('#').to_owned(),
                            None => format!("/paths/{}/{method}/responses/{status}", path.replace('/', "~1")),
                        };
                        let key = (endpoint.function.to_owned(), method.to_uppercase(), status.parse().unwrap());
                        places.insert(key, place);
                    }
                }
            }
        }
        let registry = Registry::new().add(DOCUMENT, Resource::from_contents(document.clone())).unwrap();
        Self { document, places, registry: registry.prepare().unwrap(), validators: Mutex::default() }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.places.keys()
    }

    /// Which of its answers those are; all are as it declares them.
    pub(super) fn reached(&self, answers: &[Answered]) -> BTreeSet<Key> {
        let (mut reached, mut faults) = (BTreeSet::new(), Map::new());
        for answer in answers.iter().filter(|answer| answer.is_of_an_operation()) {
            if let Some(fault) = self.fault(answer) {
                let (function, method, status) = &answer.key;
                faults.insert(format!("{function} {method} {status}: {}", answer.asked), fault.into());
            }
            reached.insert(answer.key.clone());
        }
        assert!(faults.is_empty(), "{:#}", Value::Object(faults));
        reached
    }

    /// What is wrong with an answer, if anything is.
    fn fault(&self, answer: &Answered) -> Option<String> {
        let Some(place) = self.places.get(&answer.key) else { return Some("the status is not declared".to_owned()) };
        let Some(content_type) = &answer.content_type else {
            return (!answer.body.is_null()).then(|| "there is a body without a type".to_owned());
        };
        if answer.key.1 == "HEAD" {
            return None;
        }
        let place = format!("{place}/content/{}/schema", content_type.replace('/', "~1"));
        if self.document.pointer(&place).is_none() {
            return Some(format!("{content_type} is not declared"));
        }
        let validator = self.validator(place);
        let errors = validator.iter_errors(&answer.body).map(|error| format!("{}: {error}", error.instance_path()));
        let errors: Vec<String> = errors.collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    /// What compares with the schema at that place.
    fn validator(&self, place: String) -> Arc<Validator> {
        let mut validators = self.validators.lock().unwrap();
        let made = validators.entry(place).or_insert_with_key(|place| {
            let place = place.replace('{', "%7B").replace('}', "%7D");
            let schema = json!({ "$ref": format!("{DOCUMENT}#{place}") });
            Arc::new(jsonschema::options().with_registry(&self.registry).build(&schema).unwrap())
        });
        Arc::clone(made)
    }
}

thread_local! {
    /// What has been answered on this thread since somebody listens.
    static HEARD: RefCell<Option<Vec<Answered>>> = const { RefCell::new(None) };
}

/// An answer to whatever test: it is described.
pub(crate) fn hear(function: &str, method: &str, path: &str, reply: &Reply) {
    static DESCRIBED: LazyLock<Described> = LazyLock::new(|| Described::by(super::document()));
    let answer = Answered::reply(function, method, path, reply);
    DESCRIBED.reached(std::slice::from_ref(&answer));
    HEARD.with_borrow_mut(|heard| heard.as_mut().map(|heard| heard.push(answer)));
}

/// All answers to that work.
pub(super) async fn heard(work: impl Future<Output = ()>) -> Vec<Answered> {
    HEARD.set(Some(Vec::new()));
    work.await;
    HEARD.take().unwrap()
}

/// All answers to a test, on a thread of its own, as it is used to.
pub(super) fn heard_by(test: fn()) -> Vec<Answered> {
    let listening = move || {
        HEARD.set(Some(Vec::new()));
        test();
        HEARD.take().unwrap()
    };
    std::thread::spawn(listening).join().unwrap()
}
