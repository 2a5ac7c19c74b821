//! Types of JSON in a line, as schemas of JSON Schema 2020-12.
//!
//! | notation | type |
//! |---|---|
//! | `text`, `flag`, `object`, `null`, `any` | a string, a boolean, any object, null, anything |
//! | `integer`, `signed` | an integer from 0, one below as well |
//! | `1..100` | an integer within bounds |
//! | `"web"` | just that string |
//! | `[text]` | an array |
//! | `{ name: text, other?: flag }` | an object with just these members, of which `other` may be absent |
//! | `{ …, * }`, `{ …, *: text }` | one that may have others, of any type or of that one |
//! | `{ ..Client, … }` | one that has the members of that one as well, and no others, unless it says so |
//! | `Client` | what has that name |
//! | `text \| integer` | one of them |

use std::iter::Peekable;
use std::str::CharIndices;

use serde_json::{Map, Value, json};

/// What is wrong with a type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Something else was expected there.
    #[error("{expected} expected at {at}")]
    Expected {
        /// What.
        expected: &'static str,
        /// Where, in bytes.
        at: usize,
    },
    /// Nothing has that name.
    #[error("there is no {0}")]
    Unknown(String),
}

/// The schema of a type; `known` has what has a name.
///
/// # Errors
/// [`Fault`].
pub fn parse(notation: &str, known: &Map<String, Value>) -> Result<Value, Fault> {
    let mut reader = Reader { text: notation, rest: notation.char_indices().peekable(), known };
    let schema = reader.alternatives()?;
    match reader.peek() {
        None => Ok(schema),
        Some(_) => Err(reader.expected("the end")),
    }
}

struct Reader<'n> {
    text: &'n str,
    rest: Peekable<CharIndices<'n>>,
    known: &'n Map<String, Value>,
}

impl<'n> Reader<'n> {
    fn peek(&mut self) -> Option<char> {
        while self.rest.next_if(|(_, character)| character.is_whitespace()).is_some() {}
        self.rest.peek().map(|(_, character)| *character)
    }

    fn at(&mut self) -> usize {
        self.rest.peek().map_or(self.text.len(), |(at, _)| *at)
    }

    fn expected(&mut self, expected: &'static str) -> Fault {
        Fault::Expected { expected, at: self.at() }
    }

    /// Takes the character, if it is the next.
    fn takes(&mut self, character: char) -> bool {
        let is_next = self.peek() == Some(character);
        if is_next {
            self.rest.next();
        }
        is_next
    }

    fn must_take(&mut self, character: char, name: &'static str) -> Result<(), Fault> {
        if self.takes(character) { Ok(()) } else { Err(self.expected(name)) }
    }

    /// The longest piece of such characters.
    fn while_is(&mut self, is_part: fn(char) -> bool) -> &'n str {
        self.peek();
        let start = self.at();
        while self.rest.next_if(|(_, character)| is_part(*character)).is_some() {}
        let end = self.at();
        self.text.get(start..end).unwrap_or_default()
    }

    fn alternatives(&mut self) -> Result<Value, Fault> {
        let mut all = vec![self.one()?];
        while self.takes('|') {
            all.push(self.one()?);
        }
        let constants: Option<Vec<&Value>> = all.iter().map(|one| one.get("const")).collect();
        Ok(match (constants, all.len()) {
            (_, 1) => all.remove(0),
            (Some(constants), _) => json!({ "type": "string", "enum": constants }),
            (None, _) => json!({ "anyOf": all }),
        })
    }

    fn one(&mut self) -> Result<Value, Fault> {
        match self.peek() {
            Some('"') => {
                self.rest.next();
                let text = self.while_is(|character| character != '"');
                self.must_take('"', "a quote")?;
                Ok(json!({ "type": "string", "const": text }))
            }
            Some('[') => {
                self.rest.next();
                let items = self.alternatives()?;
                self.must_take(']', "a bracket")?;
                Ok(json!({ "type": "array", "items": items }))
            }
            Some('{') => {
                self.rest.next();
                self.object()
            }
            Some(digit) if digit.is_ascii_digit() => self.range(),
            _ => self.named(),
        }
    }

    fn number(&mut self) -> Result<u64, Fault> {
        let digits = self.while_is(|character| character.is_ascii_digit());
        digits.parse().map_err(|_| self.expected("a number"))
    }

    fn range(&mut self) -> Result<Value, Fault> {
        let least = self.number()?;
        self.must_take('.', "..")?;
        self.must_take('.', "..")?;
        Ok(json!({ "type": "integer", "minimum": least, "maximum": self.number()? }))
    }

    fn named(&mut self) -> Result<Value, Fault> {
        match self.name() {
            "" => Err(self.expected("a type")),
            "text" => Ok(json!({ "type": "string" })),
            "flag" => Ok(json!({ "type": "boolean" })),
            "integer" => Ok(json!({ "type": "integer", "minimum": 0 })),
            "signed" => Ok(json!({ "type": "integer" })),
            "object" => Ok(json!({ "type": "object" })),
            "null" => Ok(json!({ "type": "null" })),
            "any" => Ok(json!({})),
            name if self.known.contains_key(name) => Ok(json!({ "$ref": format!("#/components/schemas/{name}") })),
            name => Err(Fault::Unknown(name.to_owned())),
        }
    }

    fn name(&mut self) -> &'n str {
        self.while_is(|character| character.is_ascii_alphanumeric() || character == '_')
    }

    fn object(&mut self) -> Result<Value, Fault> {
        let mut schema = json!({ "type": "object", "additionalProperties": false });
        let (mut properties, mut required) = (Map::new(), Vec::new());
        while !self.takes('}') {
            if self.takes('*') {
                schema["additionalProperties"] = if self.takes(':') { self.alternatives()? } else { true.into() };
            } else if self.takes('.') {
                self.must_take('.', "..")?;
                let name = self.name();
                let spread = self.known.get(name).ok_or_else(|| Fault::Unknown(name.to_owned()))?;
                properties.extend(spread["properties"].as_object().cloned().unwrap_or_default());
                required.extend(spread["required"].as_array().cloned().unwrap_or_default());
                if let Some(languages) = spread.get("patternProperties") {
                    schema["patternProperties"] = languages.clone();
                }
            } else {
                let name = self.name();
                if name.is_empty() {
                    return Err(self.expected("a member"));
                }
                if !self.takes('?') {
                    required.push(name.into());
                }
                self.must_take(':', "a colon")?;
                properties.insert(name.to_owned(), self.alternatives()?);
            }
            if !self.takes(',') && self.peek() != Some('}') {
                return Err(self.expected("a comma"));
            }
        }
        schema["properties"] = properties.into();
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        Ok(schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Map<String, Value> {
        let client = json!({ "type": "object", "properties": { "a": {} }, "required": ["a"] });
        Map::from_iter([("Client".to_owned(), client)])
    }

    #[test]
    fn a_type_is_a_schema() {
        let text = json!({ "type": "string" });
        for (notation, schema) in [
            ("text", text.clone()),
            (" any ", json!({})),
            ("signed", json!({ "type": "integer" })),
            ("[flag]", json!({ "type": "array", "items": { "type": "boolean" } })),
            ("1..100", json!({ "type": "integer", "minimum": 1, "maximum": 100 })),
            (r#""a b" | "c""#, json!({ "type": "string", "enum": ["a b", "c"] })),
            ("null | Client", json!({ "anyOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Client" }] })),
            (
                "{ one: text, two?: integer, }",
                json!({ "type": "object", "additionalProperties": false, "required": ["one"],
                    "properties": { "one": text, "two": { "type": "integer", "minimum": 0 } } }),
            ),
            (
                "{ ..Client, b?: object, *: text }",
                json!({ "type": "object", "additionalProperties": text, "required": ["a"],
                    "properties": { "a": {}, "b": { "type": "object" } } }),
            ),
        ] {
            assert_eq!(parse(notation, &known()), Ok(schema), "{notation}");
        }
    }

    #[test]
    fn what_is_no_type_is_refused() {
        for notation in
            ["", "text text", "[text", "{ a text }", "{ a: text b: text }", "\"a", "1.5", "Unknown", "{ ..No }"]
        {
            assert!(parse(notation, &known()).is_err(), "{notation}");
        }
    }
}
