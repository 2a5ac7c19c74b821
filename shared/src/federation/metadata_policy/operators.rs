//! The standard operators (§6.1.3.1): what each takes, how it merges, what it may be combined with, what it does.

use serde_json::{Map, Value};

use super::Conflict;

/// The names of the standard operators (§6.1.3.1).
pub(in crate::federation) const STANDARD: [&str; 7] =
    ["value", "add", "default", "one_of", "subset_of", "superset_of", "essential"];

/// How many values an operator takes: each is compared with each.
const MOST_VALUES: usize = 256;

/// The one parameter that is a list in the form of a text (§6.1.3.1.8).
const SCOPE: &str = "scope";

/// The policy of one metadata parameter.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct ParameterPolicy {
    /// `null` removes the parameter.
    value: Option<Value>,
    add: Option<Vec<Value>>,
    default: Option<Value>,
    one_of: Option<Vec<Value>>,
    subset_of: Option<Vec<Value>>,
    superset_of: Option<Vec<Value>>,
    essential: Option<bool>,
}

impl ParameterPolicy {
    /// Reads the operators of a parameter.
    pub(super) fn parse(parameter: &str, operators: &Map<String, Value>) -> Result<Self, Conflict> {
        let any = |name: &'static str| {
            let value = operators.get(name).map(|value| as_operand(parameter, value.clone()));
            let long = value.as_ref().and_then(Value::as_array).is_some_and(|values| values.len() > MOST_VALUES);
            if long { Err(Conflict::OperatorValue(name)) } else { Ok(value) }
        };
        let set = |name: &'static str| match any(name)? {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(union(Vec::new(), values))),
            Some(_) => Err(Conflict::OperatorValue(name)),
        };
        let essential = operators.get("essential");
        let policy = Self {
            value: any("value")?,
            add: set("add")?,
            default: any("default")?,
            one_of: set("one_of")?,
            subset_of: set("subset_of")?,
            superset_of: set("superset_of")?,
            essential: essential
                .map(|value| value.as_bool().ok_or(Conflict::OperatorValue("essential")))
                .transpose()?,
        };
        if policy.default == Some(Value::Null) {
            return Err(Conflict::OperatorValue("default"));
        }
        policy.check_combinations()?;
        Ok(policy)
    }

    /// This superior's policy with a subordinate's, checked again.
    pub(super) fn merged_with(self, subordinate: Self) -> Result<Self, Conflict> {
        let merged = Self {
            value: equal("value", self.value, subordinate.value)?,
            add: both(self.add, subordinate.add, union),
            default: equal("default", self.default, subordinate.default)?,
            one_of: both(self.one_of, subordinate.one_of, |superior, set| intersection(superior, &set)),
            subset_of: both(self.subset_of, subordinate.subset_of, |superior, set| intersection(superior, &set)),
            superset_of: both(self.superset_of, subordinate.superset_of, union),
            essential: both(self.essential, subordinate.essential, |superior, subordinate| superior || subordinate),
        };
        if merged.one_of.as_ref().is_some_and(Vec::is_empty) {
            return Err(Conflict::Merge("one_of"));
        }
        merged.check_combinations()?;
        Ok(merged)
    }

    /// Which operators may stand together, and with which values.
    fn check_combinations(&self) -> Result<(), Conflict> {
        let combined = |allowed: bool, one: &'static str, other: &'static str| {
            if allowed { Ok(()) } else { Err(Conflict::Combination(one, other)) }
        };
        let Self { value, add, default, one_of, subset_of, superset_of, essential } = self;
        if let Some(value) = value {
            let values = value.as_array();
            let within = |set: &Vec<Value>| values.is_some_and(|values| is_subset(values, set));
            let contains = |set: &Vec<Value>| values.is_some_and(|values| is_subset(set, values));
            combined(add.as_ref().is_none_or(contains), "value", "add")?;
            combined(default.is_none() || !value.is_null(), "value", "default")?;
            combined(one_of.as_ref().is_none_or(|set| set.contains(value)), "value", "one_of")?;
            combined(subset_of.as_ref().is_none_or(within), "value", "subset_of")?;
            combined(superset_of.as_ref().is_none_or(contains), "value", "superset_of")?;
            combined(!(value.is_null() && *essential == Some(true)), "value", "essential")?;
        }
        if one_of.is_some() {
            combined(add.is_none(), "one_of", "add")?;
            combined(subset_of.is_none(), "one_of", "subset_of")?;
            combined(superset_of.is_none(), "one_of", "superset_of")?;
        }
        if let Some(subset_of) = subset_of {
            let within = |set: &Vec<Value>| is_subset(set, subset_of);
            combined(add.as_ref().is_none_or(within), "add", "subset_of")?;
            combined(superset_of.as_ref().is_none_or(within), "subset_of", "superset_of")?;
        }
        Ok(())
    }

    /// What becomes of the parameter, in the order of the specification: `value`, `add`, `default`, `one_of`,
    /// `subset_of`, `superset_of`, `essential`.
    pub(super) fn apply(&self, parameter: &str, sent: Option<Value>) -> Result<Option<Value>, Conflict> {
        let mut current = sent.map(|value| as_operand(parameter, value));
        if let Some(value) = &self.value {
            current = Some(value.clone()).filter(|value| !value.is_null());
        }
        if let Some(add) = &self.add {
            let values = current.map_or(Ok(Vec::new()), |value| list("add", value))?;
            current = Some(union(values, add.clone()).into());
        }
        if current.is_none() {
            current.clone_from(&self.default);
        }
        if let (Some(one_of), Some(value)) = (&self.one_of, &current) {
            if value.is_array() {
                return Err(Conflict::ParameterType("one_of"));
            }
            demanded(one_of.contains(value), "one_of")?;
        }
        if let Some(subset_of) = &self.subset_of {
            let kept = |value| list("subset_of", value).map(|values| intersection(values, subset_of));
            current = current.map(kept).transpose()?.map(Value::from);
        }
        if let (Some(superset_of), Some(value)) = (&self.superset_of, &current) {
            let values = value.as_array().ok_or(Conflict::ParameterType("superset_of"))?;
            demanded(is_subset(superset_of, values), "superset_of")?;
        }
        if self.essential == Some(true) && current.is_none() {
            return Err(Conflict::Missing);
        }
        Ok(current.map(|value| as_parameter(parameter, value)))
    }
}

/// Whether two values of a parameter are the same to operators.
pub(super) fn same_parameter(parameter: &str, one: &Value, other: &Value) -> bool {
    same(&as_operand(parameter, one.clone()), &as_operand(parameter, other.clone()))
}

fn demanded(complies: bool, operator: &'static str) -> Result<(), Conflict> {
    if complies { Ok(()) } else { Err(Conflict::NotAsDemanded(operator)) }
}

fn list(operator: &'static str, value: Value) -> Result<Vec<Value>, Conflict> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(Conflict::ParameterType(operator)),
    }
}

/// The list that operators see of a scope, in which a space never is part of a token.
fn as_operand(parameter: &str, value: Value) -> Value {
    match value {
        Value::String(scope) if parameter == SCOPE => tokens(&scope).collect(),
        Value::Array(values) if parameter == SCOPE => {
            let split = |value| match value {
                Value::String(scope) => tokens(&scope).collect(),
                other => vec![other],
            };
            values.into_iter().flat_map(split).collect()
        }
        other => other,
    }
}

fn tokens(scope: &str) -> impl Iterator<Item = Value> {
    scope.split(' ').filter(|token| !token.is_empty()).map(Value::from)
}

/// The text that a list of scopes is in metadata.
fn as_parameter(parameter: &str, value: Value) -> Value {
    let tokens = value.as_array().filter(|_| parameter == SCOPE);
    let tokens: Option<Vec<&str>> = tokens.and_then(|tokens| tokens.iter().map(Value::as_str).collect());
    tokens.map(|tokens| tokens.join(" ").into()).unwrap_or(value)
}

/// An operator that two policies may only have with the same value.
fn equal(name: &'static str, superior: Option<Value>, subordinate: Option<Value>) -> Result<Option<Value>, Conflict> {
    match (superior, subordinate) {
        (Some(superior), Some(subordinate)) if !same(&superior, &subordinate) => Err(Conflict::Merge(name)),
        (superior, subordinate) => Ok(superior.or(subordinate)),
    }
}

fn both<T>(superior: Option<T>, subordinate: Option<T>, merge: impl FnOnce(T, T) -> T) -> Option<T> {
    match (superior, subordinate) {
        (Some(superior), Some(subordinate)) => Some(merge(superior, subordinate)),
        (superior, subordinate) => superior.or(subordinate),
    }
}

fn union(mut values: Vec<Value>, more: Vec<Value>) -> Vec<Value> {
    for value in more {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    values
}

fn intersection(mut values: Vec<Value>, others: &[Value]) -> Vec<Value> {
    values.retain(|value| others.contains(value));
    values
}

fn is_subset(values: &[Value], of: &[Value]) -> bool {
    values.iter().all(|value| of.contains(value))
}

/// Lists are equal as sets.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => is_subset(one, other) && is_subset(other, one),
        _ => one == other,
    }
}
