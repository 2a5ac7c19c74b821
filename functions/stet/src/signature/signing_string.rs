//! The strings that may have been signed (§2.3).

use super::{CREATED, DefaultHeaders, EXPIRES, Expires, REQUEST_TARGET, SignatureFault};
use super::{SignatureParameters, SignedRequest};

/// The signing string: a line `name: value` for each name of `headers`, in that order, without a line break at the end.
///
/// There are several of them, each once, since a gateway shows a request otherwise than it was sent: it decodes the path,
/// and joins repeated headers with a comma alone, where clients sign them joined with `, `. The first is the request as
/// received. A request is the same in each of them, so it does not matter which one a signature proves.
///
/// # Errors
/// [`SignatureFault::Absent`], [`SignatureFault::TimeNotSignable`], [`SignatureFault::TimeMissing`] or
/// [`SignatureFault::ControlCharacter`].
pub fn signing_strings(
    request: &SignedRequest<'_>,
    parameters: &SignatureParameters,
    default_headers: DefaultHeaders,
) -> Result<Vec<String>, SignatureFault> {
    let covered = parameters.covered(default_headers);
    let mut strings = Vec::new();
    for target in request.targets {
        for repeated in [Repeated::AsReceived, Repeated::Joined] {
            let string = signing_string(&covered, target, request, parameters, repeated)?;
            if !strings.contains(&string) {
                strings.push(string);
            }
        }
    }
    Ok(strings)
}

/// What the commas of a header are.
#[derive(Clone, Copy)]
enum Repeated {
    /// The client's own.
    AsReceived,
    /// Where the gateway has joined repeated headers.
    Joined,
}

fn signing_string(
    covered: &[&str],
    target: &str,
    request: &SignedRequest<'_>,
    parameters: &SignatureParameters,
    repeated: Repeated,
) -> Result<String, SignatureFault> {
    let line = |name: &&str| {
        let name = *name;
        let value = value(name, target, request, parameters, repeated)?;
        if value.chars().any(|character| character.is_control() && character != '\t') {
            return Err(SignatureFault::ControlCharacter(name.to_owned()));
        }
        Ok(format!("{name}: {value}"))
    };
    let lines: Vec<String> = covered.iter().map(line).collect::<Result<_, _>>()?;
    Ok(lines.join("\n"))
}

fn value(
    name: &str,
    target: &str,
    request: &SignedRequest<'_>,
    parameters: &SignatureParameters,
    repeated: Repeated,
) -> Result<String, SignatureFault> {
    match name {
        REQUEST_TARGET => Ok(format!("{} {target}", request.method.to_ascii_lowercase())),
        CREATED => time(CREATED, parameters, parameters.created()),
        // The draft says here that the value is that of `created`: an erratum.
        EXPIRES => time(EXPIRES, parameters, signable(parameters.expires())),
        _ => {
            let value = (request.header)(name).ok_or_else(|| SignatureFault::Absent(name.to_owned()))?;
            Ok(match repeated {
                Repeated::AsReceived => trim(value).to_owned(),
                Repeated::Joined => value.split(',').map(trim).collect::<Vec<_>>().join(", "),
            })
        }
    }
}

/// Without the optional white space around it (RFC 9110 §5.6.3).
fn trim(value: &str) -> &str {
    value.trim_matches([' ', '\t'])
}

fn time(name: &'static str, parameters: &SignatureParameters, seconds: Option<u64>) -> Result<String, SignatureFault> {
    if parameters.algorithm().is_some_and(|algorithm| !algorithm.signs_times()) {
        return Err(SignatureFault::TimeNotSignable(name));
    }
    Ok(seconds.ok_or(SignatureFault::TimeMissing(name))?.to_string())
}

fn signable(expires: Option<Expires>) -> Option<u64> {
    match expires? {
        Expires::Integer(seconds) => Some(seconds),
        Expires::Decimal(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings_of(rest: &str) -> Result<Vec<String>, SignatureFault> {
        let parameters = SignatureParameters::parse(&format!(r#"keyId="k",signature="AAAA",{rest}"#)).unwrap();
        let header = |name: &str| match name {
            "host" => Some(" \texample.com\t "),
            "x-empty" => Some(""),
            "x-blank" => Some("  "),
            "x-joined" => Some("one, two"),
            "x-repeated" => Some("one,two ,  three"),
            "x-forged" => Some("1\ndate: now"),
            "x-return" => Some("1\r"),
            _ => None,
        };
        let targets = ["/Foo?Pet=Dog&x".to_owned(), "/F%6Fo?Pet=Dog&x".to_owned()];
        let request = SignedRequest { method: "PoSt", targets: &targets, header: &header, body: b"" };
        signing_strings(&request, &parameters, DefaultHeaders::Created)
    }

    fn string_of(rest: &str) -> Result<String, SignatureFault> {
        strings_of(rest).map(|strings| strings[0].clone())
    }

    #[test]
    fn s2_3_what_a_gateway_rewrites_may_be_signed_as_it_was_sent() {
        for (rest, expected) in [
            (r#"headers="host x-joined""#, &["host: example.com\nx-joined: one, two"][..]),
            (r#"headers="x-repeated""#, &["x-repeated: one,two ,  three", "x-repeated: one, two, three"]),
            (
                r#"headers="(request-target)""#,
                &["(request-target): post /Foo?Pet=Dog&x", "(request-target): post /F%6Fo?Pet=Dog&x"],
            ),
            (
                r#"headers="x-repeated (request-target)""#,
                &[
                    "x-repeated: one,two ,  three\n(request-target): post /Foo?Pet=Dog&x",
                    "x-repeated: one, two, three\n(request-target): post /Foo?Pet=Dog&x",
                    "x-repeated: one,two ,  three\n(request-target): post /F%6Fo?Pet=Dog&x",
                    "x-repeated: one, two, three\n(request-target): post /F%6Fo?Pet=Dog&x",
                ],
            ),
        ] {
            assert_eq!(strings_of(rest).unwrap(), expected, "{rest}");
        }
    }

    #[test]
    fn s2_3_a_line_for_each_name_in_order() {
        let cases = [
            (r#"headers="(request-target)""#, "(request-target): post /Foo?Pet=Dog&x"),
            (r#"headers="Host""#, "host: example.com"),
            (r#"headers="x-empty""#, "x-empty: "),
            (r#"headers="x-blank host""#, "x-blank: \nhost: example.com"),
            (r#"headers="host x-joined""#, "host: example.com\nx-joined: one, two"),
            (r#"headers="(created)",created=7"#, "(created): 7"),
            (r#"created=7,algorithm="hs2019""#, "(created): 7"),
            (r#"headers="(Expires) (Created)",created=7,expires=9"#, "(expires): 9\n(created): 7"),
        ];
        for (rest, expected) in cases {
            assert_eq!(string_of(rest).as_deref(), Ok(expected), "{rest}");
        }
    }

    #[test]
    fn s2_3_each_rule_of_the_string_broken_alone() {
        use SignatureFault as Fault;
        let cases = [
            ("", Fault::TimeMissing(CREATED)),
            ("created=now", Fault::TimeMissing(CREATED)),
            (r#"headers="(expires)",created=7"#, Fault::TimeMissing(EXPIRES)),
            (r#"headers="(expires)",expires=7.5"#, Fault::TimeMissing(EXPIRES)),
            (r#"algorithm="rsa-sha256",created=7"#, Fault::TimeNotSignable(CREATED)),
            (r#"algorithm="ecdsa-sha256",created=7"#, Fault::TimeNotSignable(CREATED)),
            (r#"algorithm="rsa-sha256",headers="(expires)",expires=7"#, Fault::TimeNotSignable(EXPIRES)),
            (r#"headers="host date""#, Fault::Absent("date".to_owned())),
            (r#"headers="x-forged""#, Fault::ControlCharacter("x-forged".to_owned())),
            (r#"headers="x-return""#, Fault::ControlCharacter("x-return".to_owned())),
        ];
        for (rest, fault) in cases {
            assert_eq!(string_of(rest), Err(fault), "{rest}");
        }
    }
}
