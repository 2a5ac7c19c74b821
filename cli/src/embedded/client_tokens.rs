//! The client request tokens of transactions, within which a repetition has no further effect.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use dynoxide::{DynoxideError, Result};
use serde_json::Value;

/// How long DynamoDB knows a token.
const LIFETIME: Duration = Duration::from_mins(10);

/// How many are known at once: a repetition follows its request by seconds.
const MOST: usize = 1024;

/// The transactions that succeeded lately, oldest first.
#[derive(Default)]
pub(super) struct ClientTokens(VecDeque<Known>);

struct Known {
    at: Instant,
    token: String,
    items: Value,
    answer: Vec<u8>,
}

impl ClientTokens {
    /// Performs a transaction, unless it was: then its answer is repeated.
    pub(super) fn once(
        &mut self,
        token: String,
        items: Value,
        perform: impl FnOnce() -> Result<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        while self.0.front().is_some_and(|oldest| self.0.len() >= MOST || oldest.at.elapsed() > LIFETIME) {
            self.0.pop_front();
        }
        match self.0.iter().find(|known| known.token == token) {
            Some(known) if known.items == items => Ok(known.answer.clone()),
            Some(_) => {
                let text = "the ClientRequestToken was used for another transaction";
                Err(DynoxideError::IdempotentParameterMismatchException(text.to_owned()))
            }
            None => {
                let answer = perform()?;
                self.0.push_back(Known { at: Instant::now(), token, items, answer: answer.clone() });
                Ok(answer)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_transaction_is_performed_once() {
        let mut tokens = ClientTokens::default();
        let mut performed = 0;
        let mut once = |token: &str, items: Value, fails: bool| {
            tokens.once(token.to_owned(), items, || {
                performed += 1;
                let fault = || DynoxideError::InternalServerError("a fault".to_owned());
                if fails { Err(fault()) } else { Ok(vec![performed]) }
            })
        };
        assert!(once("a", json!([1]), true).is_err());
        assert_eq!(once("a", json!([1]), false).unwrap(), [2]);
        assert_eq!(once("a", json!([1]), false).unwrap(), [2]);
        assert_eq!(once("b", json!([1]), false).unwrap(), [3]);
        let other = once("a", json!([2]), false);
        assert!(matches!(other, Err(DynoxideError::IdempotentParameterMismatchException(_))));
    }

    #[test]
    fn only_so_many_are_known() {
        let mut tokens = ClientTokens::default();
        for number in 0..3 * MOST {
            tokens.once(number.to_string(), json!([]), || Ok(Vec::new())).unwrap();
        }
        assert_eq!(tokens.0.len(), MOST);
    }
}
