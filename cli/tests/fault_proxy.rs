//! A proxy in front of the embedded DynamoDB that does what DynamoDB and the network do on a bad day.
//!
//! A request is known by its operation and the types of the items it names, in its order: `PutItem C`,
//! `TransactWriteItems C T`, `Query list`. The same words script its faults and report what was asked.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::client::legacy::{Client, connect::HttpConnector};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

#[path = "fault_proxy/weather.rs"]
mod weather;

pub(crate) use weather::{Count, Faults, Weather};

const TARGET: &str = "x-amz-target";
const VERSION: &str = "DynamoDB_20120810.";

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// It is refused, with that status and that exception.
    Exception(u16, &'static str),
    /// The transaction is cancelled, for that reason in its last item.
    Cancelled(&'static str),
    /// Refused by something before DynamoDB: a status without a body.
    Bare(u16),
    /// A batch of which nothing is processed, as under throttling.
    Unprocessed,
    /// It does not reach the table, and nothing answers it.
    Timeout,
    /// It reaches the table, and nothing answers it.
    TimeoutAfterWrite,
    /// It reaches the table, and the connection ends where the answer would be.
    LostAnswer,
    /// Nothing answers it but the last of its attempts, after three seconds.
    Late,
    /// It waits, and reaches the table even if nobody waits for its answer any more.
    Held(Arc<Gate>),
}

/// Where a number of requests wait until the test lets them go.
#[derive(Debug)]
pub(crate) struct Gate {
    requests: u32,
    arrived: Semaphore,
    opened: Semaphore,
    passed: Semaphore,
}

impl Gate {
    /// Waits until all of them are here.
    pub(crate) async fn reached(&self) {
        let all = self.arrived.acquire_many(self.requests);
        tokio::time::timeout(Duration::from_secs(5), all).await.expect("they come").unwrap().forget();
    }

    /// Lets them go, and waits until the table has answered them all.
    pub(crate) async fn open(&self) {
        self.opened.add_permits(self.requests as usize);
        self.passed.acquire_many(self.requests).await.unwrap().forget();
    }

    async fn enter(&self) {
        self.arrived.add_permits(1);
        self.opened.acquire().await.unwrap().forget();
    }
}

/// The proxy.
pub(crate) struct FaultProxy {
    address: SocketAddr,
    table: Arc<Table>,
}

impl FaultProxy {
    /// Listens in front of the table at `url`.
    pub(crate) async fn start(url: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        let table = Arc::new(Table { url: url.to_owned(), client, state: Mutex::default() });
        tokio::spawn(serve(listener, Arc::clone(&table)));
        Self { address, table }
    }

    /// Where SDKs reach it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next such request meets a fault; called again, the one after it does.
    pub(crate) fn inject(&self, request: &'static str, fault: Fault) {
        self.table.state().faults.entry(request).or_default().push_back(fault);
    }

    /// Every such request meets a fault.
    pub(crate) fn inject_always(&self, request: &'static str, fault: Fault) {
        self.table.state().lasting.insert(request, fault);
    }

    /// Every request meets a fault, whatever it is.
    pub(crate) fn inject_everywhere(&self, fault: Fault) {
        self.table.state().everywhere = Some(fault);
    }

    /// The next such requests wait.
    pub(crate) fn hold(&self, request: &'static str, requests: u32) -> Arc<Gate> {
        let [arrived, opened, passed] = [(); 3].map(|()| Semaphore::new(0));
        let gate = Arc::new(Gate { requests, arrived, opened, passed });
        for _ in 0..requests {
            self.inject(request, Fault::Held(Arc::clone(&gate)));
        }
        gate
    }

    /// From now on the index does not see what is written.
    pub(crate) fn lag(&self) {
        self.table.state().unseen = Some(HashMap::new());
    }

    /// The index sees everything.
    pub(crate) fn catch_up(&self) {
        self.table.state().unseen = None;
    }

    /// What was asked since the last call, as if the service were cached; a read that is not consistent says so.
    pub(crate) fn requests(&self) -> Vec<String> {
        let mut requests = std::mem::take(&mut self.table.state().requests);
        requests.retain(|request| request != "GetItem S");
        requests
    }

    /// What a role has to permit for what was asked since the last call: an action and the leading key of an item, or of
    /// an index.
    pub(crate) fn permissions(&self) -> Vec<String> {
        std::mem::take(&mut self.table.state().permissions)
    }

    /// From now on requests meet faults at random, and are counted instead of written down.
    pub(crate) fn begin_weather(&self, weather: Weather) {
        self.table.state().weather = Some(weather);
    }

    /// From now on requests are counted and meet no fault.
    pub(crate) fn calm(&self) {
        self.table.state().weather.iter_mut().for_each(Weather::calm);
    }

    /// How many requests there were under the weather.
    pub(crate) fn weathered(&self) -> u64 {
        self.table.state().weather.as_ref().map_or(0, Weather::requests)
    }

    /// What the weather has done.
    pub(crate) fn faults(&self) -> Faults {
        self.table.state().weather.as_ref().map(Weather::faults).unwrap_or_default()
    }

    /// How many items queries have answered since the last call.
    pub(crate) fn queried(&self) -> usize {
        std::mem::take(&mut self.table.state().queried)
    }
}

async fn serve(listener: TcpListener, table: Arc<Table>) {
    while let Ok((stream, _)) = listener.accept().await {
        let table = Arc::clone(&table);
        let service = service_fn(move |request| Arc::clone(&table).answer(request));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The table behind the proxy.
struct Table {
    url: String,
    client: Client<HttpConnector, Body>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    faults: HashMap<&'static str, VecDeque<Fault>>,
    lasting: HashMap<&'static str, Fault>,
    everywhere: Option<Fault>,
    requests: Vec<String>,
    permissions: Vec<String>,
    queried: usize,
    weather: Option<Weather>,
    /// While the index lags: what it still shows of each partition key written since, if anything.
    unseen: Option<HashMap<String, Option<Value>>>,
}

impl Table {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> std::io::Result<Response<Body>> {
        let call = Call::read(request).await;
        match self.arrived(&call) {
            None => Ok(self.pass(&call).await),
            Some(Fault::Exception(status, exception)) => Ok(refused(status, exception, json!({}))),
            Some(Fault::Cancelled(code)) => Ok(cancelled(&call, code)),
            Some(Fault::Bare(status)) => Ok(response(StatusCode::from_u16(status).unwrap(), Bytes::new())),
            Some(Fault::Unprocessed) => {
                let member = if call.is_write() { "UnprocessedItems" } else { "UnprocessedKeys" };
                let left = json!({"Responses": {}, member: call.json["RequestItems"]});
                Ok(response(StatusCode::OK, left.to_string().into()))
            }
            Some(Fault::Late) if call.attempt().is_some_and(|(attempt, most)| attempt == most) => {
                Ok(self.pass(&call).await)
            }
            Some(Fault::Timeout | Fault::Late) => std::future::pending().await,
            Some(Fault::TimeoutAfterWrite) => {
                self.pass(&call).await;
                std::future::pending().await
            }
            Some(Fault::LostAnswer) => {
                self.pass(&call).await;
                Err(std::io::Error::other("this ends the connection"))
            }
            Some(Fault::Held(gate)) => {
                let pass = async move {
                    gate.enter().await;
                    let answer = self.pass(&call).await;
                    gate.passed.add_permits(1);
                    answer
                };
                Ok(tokio::spawn(pass).await.unwrap())
            }
        }
    }

    /// Writes the request down, and finds what is to become of it.
    fn arrived(&self, call: &Call) -> Option<Fault> {
        let request = call.to_string();
        let mut state = self.state();
        if let Some(weather) = &mut state.weather {
            return weather.meet(call);
        }
        let next = state.faults.get_mut(request.as_str()).and_then(VecDeque::pop_front);
        let lasting = || state.lasting.get(request.as_str()).or(state.everywhere.as_ref()).cloned();
        let fault = next.or_else(lasting);
        state.requests.push(request);
        state.permissions.extend(permissions(&call.operation, &call.json));
        fault
    }

    /// The table's own answer, but for an index that lags.
    async fn pass(&self, call: &Call) -> Response<Body> {
        if call.is_write() {
            self.keep_index_entries(call).await;
        }
        let (status, answer) = self.forward(call, &call.operation, call.body.clone()).await;
        if call.operation == "Query" {
            let page: Value = serde_json::from_slice(&answer).unwrap();
            self.state().queried += page["Items"].as_array().map_or(0, Vec::len);
        }
        let stale = if call.is_index_query() { self.stale(call, &answer) } else { None };
        response(status, stale.unwrap_or(answer))
    }

    async fn forward(&self, call: &Call, operation: &str, body: Bytes) -> (StatusCode, Bytes) {
        let mut request = Request::post(&self.url).body(Body::from(body)).unwrap();
        *request.headers_mut() = call.headers.clone();
        request.headers_mut().insert(TARGET, HeaderValue::try_from(format!("{VERSION}{operation}")).unwrap());
        let (head, body) = self.client.request(request).await.unwrap().into_parts();
        (head.status, axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap())
    }

    /// While the index lags: remembers what it shows of the items that are about to be written.
    async fn keep_index_entries(&self, call: &Call) {
        for key in call.keys() {
            let partition = key["PK"]["S"].as_str().unwrap().to_owned();
            if self.state().unseen.as_ref().is_none_or(|unseen| unseen.contains_key(&partition)) {
                continue;
            }
            let key = json!({"PK": key["PK"], "SK": key["SK"]});
            let get = json!({"TableName": call.table(), "Key": key, "ConsistentRead": true});
            let (_, answer) = self.forward(call, "GetItem", get.to_string().into()).await;
            let answer: Value = serde_json::from_slice(&answer).unwrap();
            if let Some(unseen) = &mut self.state().unseen {
                unseen.entry(partition).or_insert(index_entry(&answer["Item"]));
            }
        }
    }

    /// The page of a lagging index.
    fn stale(&self, call: &Call, answer: &Bytes) -> Option<Bytes> {
        let state = self.state();
        let unseen = state.unseen.as_ref()?;
        let mut page: Value = serde_json::from_slice(answer).unwrap();
        let items = page["Items"].as_array_mut()?;
        items.retain(|item| !unseen.contains_key(item["PK"]["S"].as_str().unwrap()));
        let list = &call.json["ExpressionAttributeValues"][":list"];
        items.extend(unseen.values().flatten().filter(|entry| entry["list"] == *list).cloned());
        items.sort_by_key(|item| item["at"]["S"].as_str().map(str::to_owned));
        page["Count"] = items.len().into();
        page["ScannedCount"] = page["Count"].clone();
        Some(page.to_string().into())
    }
}

/// What the index has of an item, if the item is in a list.
fn index_entry(item: &Value) -> Option<Value> {
    let names = ["PK", "SK", "list", "at", "expires_at"];
    let members = names.iter().filter_map(|name| Some(((*name).to_owned(), item.get(name)?.clone())));
    let entry: Map<String, Value> = members.collect();
    (entry.contains_key("list") && entry.contains_key("at")).then_some(Value::Object(entry))
}

/// A request of the SDK.
struct Call {
    operation: String,
    headers: HeaderMap,
    body: Bytes,
    json: Value,
}

impl Call {
    async fn read(request: Request<Incoming>) -> Self {
        let (mut head, body) = request.into_parts();
        head.headers.remove(header::HOST);
        head.headers.remove(header::CONTENT_LENGTH);
        let target = head.headers[TARGET].to_str().unwrap();
        let operation = target.strip_prefix(VERSION).unwrap().to_owned();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX).await.unwrap();
        let json = serde_json::from_slice(&body).unwrap();
        Self { operation, headers: head.headers, body, json }
    }

    /// Which of the SDK's attempts it is, and how many there may be.
    fn attempt(&self) -> Option<(u32, u32)> {
        let header = self.headers.get("amz-sdk-request")?.to_str().ok()?;
        let number = |name: &str| header.split(';').find_map(|part| part.trim().strip_prefix(name)?.parse().ok());
        Some((number("attempt=")?, number("max=")?))
    }

    fn is_write(&self) -> bool {
        ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"]
            .contains(&self.operation.as_str())
    }

    fn is_batch(&self) -> bool {
        self.operation.starts_with("Batch")
    }

    fn is_index_query(&self) -> bool {
        self.json.get("IndexName").is_some()
    }

    fn is_consistent(&self) -> bool {
        let batches = self.json["RequestItems"].as_object().into_iter().flat_map(Map::values);
        batches.chain([&self.json]).any(|read| read["ConsistentRead"] == true)
    }

    fn table(&self) -> &Value {
        self.json.get("TableName").unwrap_or_else(|| &self.json["TransactItems"][0]["Put"]["TableName"])
    }

    /// The items it names, in its order: each with its key at least.
    fn keys(&self) -> Vec<&Value> {
        keys(&self.json)
    }
}

/// What a role must permit for a request: an action and the leading key for each of its items; a transaction needs the
/// actions of its parts.
pub(crate) fn permissions(operation: &str, request: &Value) -> Vec<String> {
    let key = |item: &Value| item["PK"]["S"].as_str().unwrap().to_owned();
    match (operation, request["TransactItems"].as_array()) {
        (_, Some(parts)) => {
            let parts = parts.iter().flat_map(|part| part.as_object().unwrap());
            let permission = |(kind, part): (&String, &Value)| {
                let item = part.get("Item").unwrap_or_else(|| &part["Key"]);
                format!("{}Item {}", kind.trim_end_matches("Item"), key(item))
            };
            parts.map(permission).collect()
        }
        ("Query", None) => {
            let values = &request["ExpressionAttributeValues"];
            let place = values.get(":list").or_else(|| values.get(":partition")).unwrap()["S"].as_str().unwrap();
            let index = request["IndexName"].as_str().map(|index| format!("{index} ")).unwrap_or_default();
            vec![format!("Query {index}{place}")]
        }
        (operation, None) => keys(request).into_iter().map(|item| format!("{operation} {}", key(item))).collect(),
    }
}

fn keys(request: &Value) -> Vec<&Value> {
    let mut keys = Vec::new();
    collect_keys(request, &mut keys);
    keys
}

fn collect_keys<'v>(value: &'v Value, keys: &mut Vec<&'v Value>) {
    match value {
        Value::Object(members) if members.contains_key("PK") => keys.push(value),
        Value::Object(members) => members.values().for_each(|member| collect_keys(member, keys)),
        Value::Array(elements) => elements.iter().for_each(|element| collect_keys(element, keys)),
        _ => {}
    }
}

impl std::fmt::Display for Call {
    fn fmt(&self, text: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.operation.ends_with("GetItem") && !self.is_consistent() {
            text.write_str("eventually consistent ")?;
        }
        text.write_str(&self.operation)?;
        if let Some(index) = self.json["IndexName"].as_str() {
            return write!(text, " {index}");
        }
        for key in self.keys() {
            write!(text, " {}", key["PK"]["S"].as_str().and_then(|key| key.split('#').next()).unwrap())?;
        }
        Ok(())
    }
}

fn cancelled(call: &Call, code: &str) -> Response<Body> {
    let mut reasons = vec![json!({"Code": "None"}); call.keys().len()];
    *reasons.last_mut().unwrap() = json!({"Code": code, "Message": "injected"});
    refused(400, "TransactionCanceledException", json!({ "CancellationReasons": reasons }))
}

fn refused(status: u16, exception: &str, mut body: Value) -> Response<Body> {
    body["__type"] = format!("com.amazonaws.dynamodb.v20120810#{exception}").into();
    body["message"] = "injected".into();
    response(StatusCode::from_u16(status).unwrap(), body.to_string().into())
}

fn response(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    response
}
