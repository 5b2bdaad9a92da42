package config

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/invopop/jsonschema"
)

// Traces says where the traces of calls are sent, by OpenTelemetry's protocol over HTTP. What
// it does not say is taken from the environment: OTEL_EXPORTER_OTLP_ENDPOINT and the like.
// Off sends none, whatever the environment says.
type Traces struct {
	// Endpoint is the URL of a collector, such as http://127.0.0.1:4318; /v1/traces is
	// added where it has no path. Defaults to that of the environment, and to no traces.
	Endpoint string `yaml:"endpoint"`
	// Header is the header that carries the secret. Defaults to Authorization, with Bearer
	// before the secret.
	Header string `yaml:"header"`
	// TokenEnv is the environment variable that holds a secret for the collector, in upper
	// case. It and token_file are read at each export. Defaults to no secret.
	TokenEnv string `yaml:"token_env"`
	// TokenFile is the file that holds the secret; relative to the config file.
	TokenFile string `yaml:"token_file"`
	// CAFile is a file of certificates (PEM) of the authorities to trust instead of the
	// system's; relative to the config file.
	CAFile string `yaml:"ca_file"`
	// Sample is the share of calls that are traced, as in 0.1, where their callers do not
	// say. Defaults to OTEL_TRACES_SAMPLER of the environment, and to all.
	Sample float64 `yaml:"sample" jsonschema:"exclusiveMinimum=0,maximum=1"`

	// Off says that the file has off or false for the whole.
	Off bool `yaml:"-"`
}

func (t *Traces) switchOff() { t.Off = true }

// JSONSchemaExtend lets the schema have what the decoder takes.
func (Traces) JSONSchemaExtend(s *jsonschema.Schema) { orOff(s) }

// Secret reads the secret for the collector, as [Token.Secret] does. It is empty where none
// is named.
func (t Traces) Secret() (string, error) {
	if t.TokenEnv == "" && t.TokenFile == "" {
		return "", nil
	}
	return readSecret(t.TokenEnv, t.TokenFile)
}

func (t *Traces) resolve(in func(path *string)) {
	in(&t.TokenFile)
	in(&t.CAFile)
}

func (d *decoder) checkTraces(t *Traces) {
	if t.TokenEnv != "" || t.TokenFile != "" {
		d.checkSecret(t.TokenEnv, t.TokenFile, "traces")
	}
	if at, written := d.places["traces.endpoint"]; written {
		if err := checkEndpoint(t.Endpoint); err != nil {
			d.problem(at, fmt.Sprintf("traces.endpoint %v", err), "")
		}
		return
	}
	for _, key := range []string{"header", "token_env", "token_file", "ca_file"} {
		if at, written := d.places["traces."+key]; written {
			d.problem(at, fmt.Sprintf("traces.%s is for traces.endpoint, which is not there", key),
				"for the endpoint of the environment there are OTEL_EXPORTER_OTLP_HEADERS and SSL_CERT_FILE")
		}
	}
}

// checkEndpoint does not repeat what is written: it may hold a password.
func checkEndpoint(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("must be a URL such as http://127.0.0.1:4318")
	case u.User != nil:
		return errors.New("may hold no user and password: token_env or token_file say where the secret is")
	}
	return nil
}
