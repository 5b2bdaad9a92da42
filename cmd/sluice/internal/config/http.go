package config

// HTTP is an HTTP endpoint that is served as a tool. In the URL and in the values of
// query, headers and body, "{name}" is replaced by the argument of that name, escaped
// for where it stands.
type HTTP struct {
	// Method is the method of the request. Defaults to GET, and with a body to POST.
	Method string `yaml:"method"`
	// URL is the address. Only its path and the values of its query may hold
	// placeholders.
	URL string `yaml:"url" jsonschema:"required,minLength=1"`
	// Query are more parameters of the query. One whose argument is missing is left
	// out, one whose argument is a list is repeated.
	Query map[string]string `yaml:"query"`
	// Headers are headers of the request. One whose argument is missing is left out.
	Headers map[string]string `yaml:"headers"`
	// Body is json or form for all arguments that stand in no other part of the
	// request, or a text such as "{text}". Defaults to none.
	Body string `yaml:"body"`
	// ContentType is the type of the body. Where it is JSON, a placeholder in the body
	// stands for a whole JSON value. Defaults to what body says, and for a text to
	// text/plain.
	ContentType string `yaml:"content_type"`
	// Auth are the secrets that go with each request. They are sent to no other origin,
	// and taken out of all that comes back.
	Auth []Credential `yaml:"auth"`
	// Allow names what may be connected to beside the public internet: hosts, addresses,
	// both with or without a port, and ranges such as 10.1.0.0/16. An address of this
	// machine or of a private network that the url itself names is allowed.
	Allow []string `yaml:"allow"`
	// Redirects is how many redirects are followed. Defaults to 3; 0 follows none.
	Redirects *int `yaml:"redirects" jsonschema:"minimum=0"`
	// Retries is how often a request is sent again that was not answered, or with 429,
	// 502, 503 or 504; only methods and tools that are idempotent are. Defaults to 2; 0
	// never does.
	Retries *int `yaml:"retries" jsonschema:"minimum=0"`
	// Proxy is an HTTP proxy, http://host:port. Defaults to none, whatever the
	// environment says.
	Proxy string `yaml:"proxy"`
	// CAFile is a file of certificates (PEM) of the authorities to trust instead of the
	// system's; relative to the config file.
	CAFile string `yaml:"ca_file"`
}

// Credential is a secret for an HTTP endpoint. It is read from the environment or from
// a file at every call, never from the config file itself.
type Credential struct {
	// Header is the header that carries the secret. Defaults to Authorization.
	Header string `yaml:"header"`
	// Query is the query parameter that carries the secret instead of a header.
	Query string `yaml:"query"`
	// Cookie is the cookie that carries the secret instead of a header.
	Cookie string `yaml:"cookie"`
	// Scheme stands before the secret: Bearer, Token and the like; with Basic the secret
	// is user:password. Defaults to Bearer where no header is named, and to none.
	Scheme string `yaml:"scheme"`
	// TokenEnv is the environment variable that holds the secret, in upper case.
	TokenEnv string `yaml:"token_env"`
	// TokenFile is the file that holds the secret; relative to the config file.
	TokenFile string `yaml:"token_file"`
}
