//! Programs, the table and the stream function on a bad day: a small run of the example `reliability`, and what the stream
//! function is given again.

use std::path::Path;

use registrar::streams::Follower;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::reliability::{self, Scale};
use crate::support::{World, table, web_client};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_programs_were_told_holds_although_the_table_and_the_stream_function_fail() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reliability-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    let report = reliability::run(Scale { registrations: 600, seed: 7, connections: 16 }, &folder).await.unwrap();
    assert!(report.differences().is_empty(), "{report}");
    let _ = std::fs::remove_dir_all(&folder);
}

#[tokio::test]
async fn a_stream_function_that_fails_behind_its_counts_is_given_the_same_records_again() {
    let embedded = table(None).await;
    let proxy = FaultProxy::start(&embedded.url()).await;
    let (world, failing) = (World::at(&embedded.url()), World::at(&proxy.url()));
    world.service(1, shared::policy::Preset::Open.policy()).await;
    let restarted = || Follower::new(embedded.table());
    let mut follower = restarted();
    while follower.step(failing.app).await.unwrap() > 0 {}
    let (path, token, _) = world.client(&web_client()).await;
    assert_eq!(world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    // The purge of a deleted client begins with it.
    let purge = || proxy.requests().iter().filter(|request| *request == "Query list").count();
    purge();
    for mut follower in [follower, restarted()] {
        proxy.inject("Query list", Fault::Exception(400, "AccessDeniedException"));
        assert!(follower.step(failing.app).await.is_err());
        assert_eq!((world.app.store.client_count(1).await.unwrap(), purge()), (0, 1), "counted, and no more");
    }
    let mut follower = restarted();
    follower.step(failing.app).await.unwrap();
    assert_eq!(purge(), 1);
}
