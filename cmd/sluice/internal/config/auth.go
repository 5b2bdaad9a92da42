package config

import (
	"fmt"
	"reflect"
	"regexp"
)

// Auth says who may connect, and what each caller may do: see docs/auth.md. Where there is
// no way to be known, a token is made at each start.
type Auth struct {
	// Tokens are the bearer tokens that are accepted, one for each kind of client.
	Tokens []Token `yaml:"tokens"`
	// Callers say what callers may do, however they are known. One who has no entry may
	// call every tool.
	Callers []Caller `yaml:"callers"`
	// JWT are the issuers whose JSON Web Tokens are accepted as bearer tokens. Of several
	// that fit a token the first counts.
	JWT []JWT `yaml:"jwt"`
	// Certificates says which caller the certificate of a client stands for, where a
	// listener asks for one. Defaults to none: then it names nobody.
	Certificates *Certificates `yaml:"certificates"`
	// Users are the users of this machine who need no token on a UNIX socket: on Linux,
	// macOS and FreeBSD.
	Users []User `yaml:"users"`
}

// Token names a bearer token and says where its secret is read from: the environment or a
// file, one of them, never the config file itself. What it says of permissions is said of
// its caller, as an entry of auth.callers would.
type Token struct {
	// Name is the caller that the token stands for, in records and logs. Several
	// tokens may have one name, so that one can replace another without a gap.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
	// TokenEnv is the environment variable that holds the token, in upper case.
	TokenEnv string `yaml:"token_env"`
	// TokenFile is the file that holds the token; relative to the config file.
	TokenFile string `yaml:"token_file"`

	Permissions
}

// Caller says what callers of a name may do.
type Caller struct {
	// Name is that of the caller, in which "*" stands for any characters. A name without
	// any goes before one with, and of those the first that fits counts.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`

	Permissions
}

// Permissions are what a caller may do.
type Permissions struct {
	// Tools are patterns of the tools that the caller may see and call, in which "*" stands
	// for any characters. One that begins with "!" forbids, and goes before all others.
	// Defaults to all tools; an empty list is none.
	Tools []ToolPattern `yaml:"tools"`
	// Priority is the class of the caller's calls: a call may ask for a lower one and for
	// no higher. Defaults to normal, with any that is asked for.
	Priority string `yaml:"priority" jsonschema:"enum=interactive,enum=normal,enum=batch"`
	// Rate is how often the caller may call, such as 20/s. Defaults to
	// engine.caller_rate.
	Rate Rate `yaml:"rate"`
	// Concurrency is how many calls of the caller run at once. Defaults to no limit but
	// the engine's.
	Concurrency int `yaml:"concurrency" jsonschema:"minimum=1"`
	// Queue is how many calls of the caller may wait for a slot. Defaults to no limit but
	// the engine's; off lets none wait.
	Queue OrOff[Count] `yaml:"queue"`
	// Admin lets the caller see and end the calls of all, by the admin API. Defaults to
	// false.
	Admin bool `yaml:"admin"`
}

// JWT is an issuer of JSON Web Tokens (RFC 7519).
type JWT struct {
	// Issuer is the iss claim of its tokens, to the letter.
	Issuer string `yaml:"issuer" jsonschema:"required,minLength=1"`
	// Audience are the names of this server to the issuer: the aud claim must have one.
	Audience []string `yaml:"audience" jsonschema:"required,minItems=1"`
	// JWKSURL is where the issuer publishes its keys (a JSON Web Key Set): https, or http
	// on this machine. Nothing in a token makes another address be asked.
	JWKSURL string `yaml:"jwks_url"`
	// JWKSFile is a file with the keys instead; relative to the config file.
	JWKSFile string `yaml:"jwks_file"`
	// CAFile is a file of certificates (PEM) of the authorities to trust for jwks_url
	// instead of the system's; relative to the config file.
	CAFile string `yaml:"ca_file"`
	// Algorithms are the signatures that are accepted. Defaults to RS256 and ES256.
	Algorithms []Algorithm `yaml:"algorithms" jsonschema:"minItems=1"`
	// Caller is the claim that names the caller. Defaults to sub.
	Caller string `yaml:"caller"`
	// Prefix stands before that name, so that it can be no other caller's, such as id:.
	// Defaults to none.
	Prefix string `yaml:"prefix"`
	// Scopes are those that the scope or scp claim must have, all. Defaults to none.
	Scopes []string `yaml:"scopes"`
	// ToolsClaim is a claim that lists tools as the permissions of a caller do: the token
	// is good only for tools that both allow. Without the claim it is good for none.
	// Defaults to no such claim.
	ToolsClaim string `yaml:"tools_claim"`
	// Leeway is how far clocks may differ. Defaults to 30s.
	Leeway Duration `yaml:"leeway"`
	// Refresh is how old the keys of jwks_url may become before they are fetched again;
	// an unknown key has them fetched sooner. Defaults to 1h.
	Refresh Duration `yaml:"refresh"`
	// Stale is how old they may become where they cannot be fetched. Defaults to 24h.
	Stale Duration `yaml:"stale"`
}

// Certificates says which caller the certificate of a client stands for.
type Certificates struct {
	// Caller is what of the certificate names the caller: cn for the common name of its
	// subject, dns, uri or email for its one alternative name of that kind. Defaults to
	// cn.
	Caller string `yaml:"caller" jsonschema:"enum=cn,enum=dns,enum=uri,enum=email"`
	// Prefix stands before that name. Defaults to none.
	Prefix string `yaml:"prefix"`
}

// User is a user of this machine who needs no token on a UNIX socket.
type User struct {
	// UID is the number of the user, as the kernel knows who has connected.
	UID int `yaml:"uid" jsonschema:"required,minimum=0"`
	// Name is the caller that the user is.
	Name string `yaml:"name" jsonschema:"required,minLength=1"`
}

// ToolPattern is a pattern of names of tools, such as catalog_* or !catalog_admin.
type ToolPattern string

var toolPattern = regexp.MustCompile(ToolPattern("").pattern())

func (ToolPattern) form() string {
	return "a pattern of names of tools such as catalog_* or !catalog_admin"
}

func (ToolPattern) pattern() string { return `^!?[A-Za-z0-9_.*-]+$` }

// UnmarshalText reads the pattern.
func (p *ToolPattern) UnmarshalText(text []byte) error {
	if !toolPattern.Match(text) {
		return fmt.Errorf("%q is not %s", text, p.form())
	}
	*p = ToolPattern(text)
	return nil
}

// Algorithm is a signature of JSON Web Tokens (RFC 7518, section 3.1; RFC 8037) whose keys
// are public: neither none nor one whose key both sides know.
type Algorithm string

var algorithmPattern = regexp.MustCompile(Algorithm("").pattern())

func (Algorithm) form() string {
	return "one of RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA"
}

func (Algorithm) pattern() string { return `^((RS|PS|ES)(256|384|512)|EdDSA)$` }

// UnmarshalText reads the algorithm.
func (a *Algorithm) UnmarshalText(text []byte) error {
	if !algorithmPattern.Match(text) {
		return fmt.Errorf("%q is not %s", text, a.form())
	}
	*a = Algorithm(text)
	return nil
}

// Known reports whether anybody can be known: whether no token needs to be made.
func (a *Auth) Known() bool {
	return len(a.Tokens)+len(a.JWT)+len(a.Users) > 0 || a.Certificates != nil
}

// Stated reports whether anything is said.
func (p *Permissions) Stated() bool { return !reflect.DeepEqual(*p, Permissions{}) }

func (a *Auth) resolve(in func(path *string)) {
	for i := range a.Tokens {
		in(&a.Tokens[i].TokenFile)
	}
	for i := range a.JWT {
		in(&a.JWT[i].JWKSFile)
		in(&a.JWT[i].CAFile)
	}
}
