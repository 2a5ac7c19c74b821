//! The Identity Center front door: RegisterClient as Huawei Cloud's and AWS's command-line tools call it.

pub mod aws_register_client;
mod door;
pub mod huawei_register_client;
mod members;

use shared::http::Endpoint;

/// The endpoints of this door.
pub static ENDPOINTS: &[&Endpoint] = &[&huawei_register_client::ENDPOINT, &aws_register_client::ENDPOINT];
