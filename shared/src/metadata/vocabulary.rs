//! The closed vocabularies of client metadata.

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $( $(#[$value_doc:meta])* $variant:ident = $text:literal, )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$value_doc])* #[serde(rename = $text)] $variant, )*
        }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            /// The value's name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )* }
            }

            /// The value of that name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $( $text => Some(Self::$variant), )* _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

vocabulary! {
    /// How a client authenticates at the token endpoint (RFC 7591 §2 and its registry).
    AuthMethod {
        /// A public client.
        None = "none",
        /// RFC 6749 §2.3.1, HTTP Basic.
        ClientSecretBasic = "client_secret_basic",
        /// RFC 6749 §2.3.1, in the body.
        ClientSecretPost = "client_secret_post",
        /// OIDC Core §9, HMAC with the client secret.
        ClientSecretJwt = "client_secret_jwt",
        /// OIDC Core §9, a signature with a key of `jwks` or `jwks_uri`.
        PrivateKeyJwt = "private_key_jwt",
        /// RFC 8705 §2.1.
        TlsClientAuth = "tls_client_auth",
        /// RFC 8705 §2.2.
        SelfSignedTlsClientAuth = "self_signed_tls_client_auth",
        /// OAuth 2.0 Attestation-Based Client Authentication.
        AttestJwtClientAuth = "attest_jwt_client_auth",
    }
}

impl AuthMethod {
    /// Every method, by what it takes to impersonate the client: a certified key, a key, a secret that is never sent, one
    /// that is, nothing.
    pub const STRONGEST_FIRST: [Self; 8] = [
        Self::TlsClientAuth,
        Self::SelfSignedTlsClientAuth,
        Self::PrivateKeyJwt,
        Self::AttestJwtClientAuth,
        Self::ClientSecretJwt,
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::None,
    ];

    /// Whether the client needs a `client_secret` for it.
    #[must_use]
    pub const fn uses_secret(self) -> bool {
        matches!(self, Self::ClientSecretBasic | Self::ClientSecretPost | Self::ClientSecretJwt)
    }

    /// Whether the client signs an assertion for it (RFC 7523 §2.2).
    #[must_use]
    pub const fn signs_assertions(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }
}

vocabulary! {
    /// A grant that the client restricts itself to (RFC 7591 §2).
    GrantType {
        /// RFC 6749 §4.1.
        AuthorizationCode = "authorization_code",
        /// RFC 6749 §4.2; RFC 9700 §2.1.2 advises against it.
        Implicit = "implicit",
        /// RFC 6749 §4.3; RFC 9700 §2.4 forbids it.
        Password = "password",
        /// RFC 6749 §4.4.
        ClientCredentials = "client_credentials",
        /// RFC 6749 §6.
        RefreshToken = "refresh_token",
        /// RFC 7523 §2.1.
        JwtBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer",
        /// RFC 7522 §2.1.
        Saml2Bearer = "urn:ietf:params:oauth:grant-type:saml2-bearer",
        /// RFC 8628 §3.4.
        DeviceCode = "urn:ietf:params:oauth:grant-type:device_code",
        /// RFC 8693 §2.1.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
        /// OpenID CIBA §10.1.
        Ciba = "urn:openid:params:grant-type:ciba",
        /// OpenID4VCI §6.
        PreAuthorizedCode = "urn:ietf:params:oauth:grant-type:pre-authorized_code",
    }
}

impl GrantType {
    /// Whether the grant sends the user back to the client's redirect URI.
    #[must_use]
    pub const fn redirects(self) -> bool {
        matches!(self, Self::AuthorizationCode | Self::Implicit)
    }
}

vocabulary! {
    /// What the authorization endpoint returns (OAuth 2.0 Multiple Response Types).
    ResponseType {
        /// An authorization code.
        Code = "code",
        /// An access token.
        Token = "token",
        /// An ID Token.
        IdToken = "id_token",
        /// Both from the front channel.
        IdTokenToken = "id_token token",
        /// Hybrid flow.
        CodeIdToken = "code id_token",
        /// Hybrid flow.
        CodeToken = "code token",
        /// Hybrid flow.
        CodeIdTokenToken = "code id_token token",
        /// Nothing but the state.
        Nothing = "none",
    }
}

impl ResponseType {
    /// The value of that name; the words of a combination may come in any order.
    #[must_use]
    pub fn parse_any_order(name: &str) -> Option<Self> {
        let mut words: Vec<&str> = name.split(' ').collect();
        words.sort_unstable();
        Self::parse(&words.join(" "))
    }

    /// The grants that must be registered with it (OIDC Registration §2).
    #[must_use]
    pub const fn grant_types(self) -> &'static [GrantType] {
        match self {
            Self::Code => &[GrantType::AuthorizationCode],
            Self::Token | Self::IdToken | Self::IdTokenToken => &[GrantType::Implicit],
            Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken => {
                &[GrantType::AuthorizationCode, GrantType::Implicit]
            }
            Self::Nothing => &[],
        }
    }

    /// Whether the authorization endpoint itself returns an ID Token.
    #[must_use]
    pub const fn returns_id_token(self) -> bool {
        matches!(self, Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken)
    }
}

vocabulary! {
    /// Where the client runs (OIDC Registration §2).
    ApplicationType {
        /// On a server or in a browser; the default.
        Web = "web",
        /// On the user's device (RFC 8252).
        Native = "native",
    }
}

vocabulary! {
    /// How the subject is shown to the client (OIDC Core §8).
    SubjectType {
        /// The same for every client.
        Public = "public",
        /// Another for every sector.
        Pairwise = "pairwise",
    }
}
