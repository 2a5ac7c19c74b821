//! What is said of an operation, and how the document has it.

use serde_json::{Map, Value, json};
use shared::http::{Endpoint, Method};

use crate::{Fault, UNDESCRIBED, notation};

/// The content type of most bodies.
pub(crate) const JSON: &str = "application/json";

/// The content type of forms.
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// What is said of a door.
pub struct Door {
    /// Its name.
    pub tag: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Its endpoints.
    pub endpoints: &'static [&'static Endpoint],
    /// Types that have a name, and what they are.
    pub schemas: Vec<(&'static str, &'static str)>,
    /// Its operations.
    pub operations: Vec<Operation>,
    /// What shows who asks, unless an operation says otherwise: alternatives, each with all that is needed.
    pub security: &'static [&'static [&'static str]],
    /// The type of its errors.
    pub error: &'static str,
    /// The statuses with which each of its operations can fail.
    pub failures: &'static [u16],
}

/// What is said of an operation: a function and one of its methods.
pub struct Operation {
    /// The function.
    pub function: &'static str,
    /// The method.
    pub method: Method,
    summary: &'static str,
    security: Option<&'static [&'static [&'static str]]>,
    parameters: Vec<(&'static str, &'static str, &'static str, &'static str)>,
    bodies: Vec<(&'static str, &'static str)>,
    body_is_required: bool,
    example: Option<&'static str>,
    answers: Vec<(u16, Option<(&'static str, &'static str)>)>,
    headers: Vec<(&'static str, &'static str)>,
    failures: Vec<(u16, Option<&'static str>)>,
}

/// Something is said of a method of a function.
pub(crate) fn on(function: &'static str, method: Method, summary: &'static str) -> Operation {
    Operation {
        function,
        method,
        summary,
        security: None,
        parameters: Vec::new(),
        bodies: Vec::new(),
        body_is_required: true,
        example: None,
        answers: Vec::new(),
        headers: Vec::new(),
        failures: Vec::new(),
    }
}

impl Operation {
    /// What shows who asks.
    pub(crate) fn secured(mut self, security: &'static [&'static [&'static str]]) -> Self {
        self.security = Some(security);
        self
    }

    /// A parameter of the query: its name, its type, what it is.
    pub(crate) fn query(mut self, name: &'static str, notation: &'static str, meaning: &'static str) -> Self {
        self.parameters.push(("query", name, notation, meaning));
        self
    }

    /// A header.
    pub(crate) fn header(mut self, name: &'static str, notation: &'static str, meaning: &'static str) -> Self {
        self.parameters.push(("header", name, notation, meaning));
        self
    }

    /// A JSON body of that type.
    pub(crate) fn takes(self, notation: &'static str) -> Self {
        self.takes_as(JSON, notation)
    }

    /// A JSON body of that type, or a form with these members.
    pub(crate) fn takes_or_form(self, notation: &'static str) -> Self {
        self.takes_as(JSON, notation).takes_as(FORM, notation)
    }

    /// A body of that content type.
    pub(crate) fn takes_as(mut self, content_type: &'static str, notation: &'static str) -> Self {
        self.bodies.push((content_type, notation));
        self
    }

    /// A body, in JSON.
    pub(crate) fn such_as(mut self, example: &'static str) -> Self {
        self.example = Some(example);
        self
    }

    /// The body may be absent.
    pub(crate) fn or_nothing(mut self) -> Self {
        self.body_is_required = false;
        self
    }

    /// Succeeds with JSON of that type.
    pub(crate) fn gives(self, status: u16, notation: &'static str) -> Self {
        self.gives_as(status, JSON, notation)
    }

    /// Succeeds with a body of that content type.
    pub(crate) fn gives_as(mut self, status: u16, content_type: &'static str, notation: &'static str) -> Self {
        self.answers.push((status, Some((content_type, notation))));
        self
    }

    /// Succeeds without a body.
    pub(crate) fn gives_nothing(mut self, status: u16) -> Self {
        self.answers.push((status, None));
        self
    }

    /// Where it succeeds there is that header: its name, what it is.
    pub(crate) fn telling(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.headers.push((name, meaning));
        self
    }

    /// Fails with one of those statuses, beside those of its door.
    pub(crate) fn fails(mut self, statuses: &[u16]) -> Self {
        self.failures.extend(statuses.iter().map(|status| (*status, None)));
        self
    }

    /// The same, with another type than the door's.
    pub(crate) fn fails_as(mut self, statuses: &[u16], notation: &'static str) -> Self {
        self.failures.extend(statuses.iter().map(|status| (*status, Some(notation))));
        self
    }

    fn body(&self, schema: impl Fn(&str) -> Result<Value, Fault>) -> Result<Option<Value>, Fault> {
        if self.bodies.is_empty() {
            return Ok(None);
        }
        let mut content = Map::new();
        for (content_type, notation) in &self.bodies {
            content.insert((*content_type).to_owned(), json!({ "schema": schema(notation)? }));
        }
        if let Some(example) = self.example {
            let example: Value = serde_json::from_str(example).map_err(|_| Fault::Example(self.function))?;
            for media in content.values_mut() {
                media["example"] = example.clone();
            }
        }
        Ok(Some(json!({ "required": self.body_is_required, "content": content })))
    }
}

impl Door {
    /// Adds what is said of it to the paths of the document.
    pub(crate) fn describe(&self, known: &Map<String, Value>, paths: &mut Map<String, Value>) -> Result<(), Fault> {
        for endpoint in self.endpoints.iter().filter(|endpoint| !UNDESCRIBED.contains(&endpoint.function)) {
            for (path, number) in endpoint.paths.iter().zip(1..) {
                let item = paths.entry(path.replace("+}", "}")).or_insert_with(|| json!({}));
                let parameters = path_parameters(path);
                if !parameters.is_empty() {
                    item["parameters"] = parameters.into();
                }
                for method in endpoint.methods {
                    item[method.as_str().to_lowercase()] = self.operation(endpoint, *method, number, known)?;
                }
            }
        }
        let described = |operation: &&Operation| {
            let endpoint = self.endpoints.iter().find(|endpoint| endpoint.function == operation.function);
            let is_method = endpoint.is_some_and(|endpoint| endpoint.methods.contains(&operation.method));
            let same = |other: &&Operation| other.function == operation.function && other.method == operation.method;
            !is_method || self.operations.iter().filter(same).count() > 1
        };
        match self.operations.iter().find(described) {
            Some(Operation { function, method, .. }) => Err(Fault::Surplus(format!("{method} of {function}"))),
            None => Ok(()),
        }
    }

    fn operation(
        &self,
        endpoint: &Endpoint,
        method: Method,
        path: usize,
        known: &Map<String, Value>,
    ) -> Result<Value, Fault> {
        let function = endpoint.function;
        let meant = if method == Method::Head { Method::Get } else { method };
        let is_meant = |operation: &&Operation| operation.function == function && operation.method == meant;
        let undescribed = Fault::Undescribed { function, method: method.as_str() };
        let said = self.operations.iter().find(is_meant).ok_or(undescribed)?;
        let schema = |notation: &str| {
            notation::parse(notation, known).map_err(|fault| Fault::Notation { name: function.to_owned(), fault })
        };
        let mut operation = json!({
            "operationId": identifier(endpoint, method, path),
            "summary": said.summary,
            "tags": [self.tag],
            "responses": self.answers(said, method, schema)?,
        });
        let security = said.security.unwrap_or(self.security).iter().map(|all| {
            let all = all.iter().map(|scheme| ((*scheme).to_owned(), json!([])));
            Value::Object(all.collect())
        });
        operation["security"] = security.collect();
        let mut parameters = Vec::new();
        for (place, name, notation, meaning) in &said.parameters {
            let required = name.ends_with('!');
            let name = name.trim_end_matches('!');
            parameters.push(json!({ "in": place, "name": name, "description": meaning, "schema": schema(notation)?,
                "required": required }));
        }
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if let Some(body) = said.body(schema)? {
            operation["requestBody"] = body;
        }
        Ok(operation)
    }

    fn answers(
        &self,
        said: &Operation,
        method: Method,
        schema: impl Fn(&str) -> Result<Value, Fault>,
    ) -> Result<Value, Fault> {
        let mut answers = Map::new();
        for (status, body) in &said.answers {
            let answer = answers.entry(status.to_string()).or_insert_with(|| json!({ "description": phrase(*status) }));
            if let (Some((content_type, notation)), true) = (body, method != Method::Head) {
                answer["content"][*content_type] = json!({ "schema": schema(notation)? });
            }
        }
        for (name, meaning) in &said.headers {
            for answer in answers.values_mut() {
                answer["headers"][*name] = json!({ "description": meaning, "schema": { "type": "string" } });
            }
        }
        for (status, error) in self.failures_of(said) {
            let answer = match method {
                Method::Head => json!({ "description": phrase(status) }),
                _ => json!({ "$ref": format!("#/components/responses/{error}{status}") }),
            };
            answers.insert(status.to_string(), answer);
        }
        Ok(answers.into())
    }

    fn failures_of(&self, said: &Operation) -> impl Iterator<Item = (u16, &'static str)> {
        let all = self.failures.iter().map(|status| (*status, None)).chain(said.failures.iter().copied());
        all.map(|(status, error)| (status, error.unwrap_or(self.error)))
    }

    /// The failures of its operations, by their names.
    pub(crate) fn failures(&self, known: &Map<String, Value>) -> Result<Map<String, Value>, Fault> {
        let mut failures = Map::new();
        for (status, error) in self.operations.iter().flat_map(|said| self.failures_of(said)) {
            let schema = notation::parse(error, known);
            let schema = schema.map_err(|fault| Fault::Notation { name: error.to_owned(), fault })?;
            let mut answer = json!({ "description": phrase(status), "content": { JSON: { "schema": schema } } });
            if matches!(status, 429 | 503) {
                let seconds = json!({ "type": "integer", "minimum": 0 });
                answer["headers"] = json!({ "Retry-After": { "description": "seconds", "schema": seconds } });
            }
            failures.insert(format!("{error}{status}"), answer);
        }
        Ok(failures)
    }
}

/// A name for one method at one path.
fn identifier(endpoint: &Endpoint, method: Method, path: usize) -> String {
    let mut identifier = endpoint.function.to_owned();
    if endpoint.methods.len() > 1 {
        identifier = format!("{identifier}-{}", method.as_str().to_lowercase());
    }
    if endpoint.paths.len() > 1 {
        identifier = format!("{identifier}-{path}");
    }
    identifier
}

/// The reason phrase of a status (RFC 9110 §15).
fn phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        412 => "Precondition Failed",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "",
    }
}

/// What stands in a path.
fn path_parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameter = |name: &str| {
        let name = name.trim_end_matches('+');
        let (meaning, schema) = match name {
            "serviceId" => ("the number of the service", json!({ "type": "integer", "minimum": 1, "maximum": MOST })),
            "client" | "clientId" => ("the client: its identifier, its number or its alias", identifier_schema()),
            "action" => ("what is done", json!({ "type": "string", "enum": ACTIONS })),
            "token" => ("the token's name, its digest", identifier_schema()),
            "accessTokenIdentifier" => ("an access token, its digest or its identifier", identifier_schema()),
            "subject" => ("the user", identifier_schema()),
            _ => ("the name of a file", identifier_schema()),
        };
        json!({ "in": "path", "name": name, "required": true, "description": meaning, "schema": schema })
    };
    names.map(parameter).collect()
}

/// What comes back from a path as it is.
fn identifier_schema() -> Value {
    json!({ "type": "string", "pattern": "^[A-Za-z0-9._~:@-]+$" })
}

/// The largest number of a service.
const MOST: u64 = 9_999_999_999_999_999;

/// What operators do to one client.
const ACTIONS: [&str; 9] =
    ["lock", "unlock", "approve", "deny", "retain", "release", "restore", "rotate-secret", "reissue-token"];
