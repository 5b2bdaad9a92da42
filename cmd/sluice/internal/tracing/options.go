package tracing

import (
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Options say where spans go. What is not set here is taken from the environment, by the
// variables of OpenTelemetry.
type Options struct {
	// Endpoint is the URL of a collector; /v1/traces is added where it has no path.
	Endpoint string
	// Secret reads what goes into Header; nil is nothing. It is read for each export.
	Secret func() (string, error)
	// Header carries the secret. Defaults to Authorization, with "Bearer ".
	Header string
	// RootCAs are the authorities to trust instead of the system's.
	RootCAs *x509.CertPool
	// Sample is the share of calls that are traced where the caller does not say; 0 leaves
	// that to the environment, which defaults to all.
	Sample float64
	// Service and Version are what spans say that they are from.
	Service, Version string
	// Logger is told when spans cannot be sent, and when they can be again.
	Logger *slog.Logger
	// Mask takes secrets out of a text. It is required.
	Mask func(string) string
}

// The variables of OpenTelemetry that are read here; its SDK reads OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and OTEL_BSP_* by itself.
const (
	envDisabled = "OTEL_SDK_DISABLED"
	envExporter = "OTEL_TRACES_EXPORTER"
	envQueue    = "OTEL_BSP_MAX_QUEUE_SIZE"
	envOTLP     = "OTEL_EXPORTER_OTLP_"
	envTraces   = "OTEL_EXPORTER_OTLP_TRACES_"
)

const defaultTimeout = 10 * time.Second

// setting returns a variable of OTLP: that of traces goes before that of all signals.
func setting(name string) string {
	if text := os.Getenv(envTraces + name); text != "" {
		return text
	}
	return os.Getenv(envOTLP + name)
}

// FromEnvironment reports whether the environment asks for traces.
func FromEnvironment() bool { return setting("ENDPOINT") != "" && os.Getenv(envExporter) != "none" }

// Disabled reports whether the environment forbids them.
func Disabled() bool { return strings.EqualFold(os.Getenv(envDisabled), "true") }

// target is where an exporter posts to, and how.
type target struct {
	url     string
	headers map[string]string
	timeout time.Duration
	plain   bool // not compressed
}

// target completes the options from the environment.
func (o *Options) target() (*target, error) {
	if protocol := setting("PROTOCOL"); o.Endpoint == "" && protocol != "" && protocol != "http/protobuf" {
		return nil, fmt.Errorf("%sPROTOCOL is %q: only http/protobuf is spoken, on port 4318 of most collectors", envOTLP, protocol)
	}
	t := &target{headers: map[string]string{}, timeout: defaultTimeout, plain: setting("COMPRESSION") == "none"}
	var err error
	if t.url, err = o.url(); err != nil {
		return nil, err
	}
	if o.Endpoint == "" { // what is in the environment is for the endpoint that is there
		if t.headers, err = parseHeaders(setting("HEADERS")); err != nil {
			return nil, err
		}
	}
	if text := setting("TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms <= 0 {
			return nil, fmt.Errorf("%sTIMEOUT is %q, which is no number of milliseconds", envOTLP, text)
		}
		t.timeout = time.Duration(ms) * time.Millisecond
	}
	return t, nil
}

// url returns where to post to. The endpoint of traces alone is taken as it is; that of all
// signals has /v1/traces added.
func (o *Options) url() (string, error) {
	switch own := os.Getenv(envTraces + "ENDPOINT"); {
	case o.Endpoint != "":
		u, err := parseEndpoint(o.Endpoint)
		if err != nil {
			return "", err
		}
		if u.Path == "" || u.Path == "/" {
			u.Path = "/v1/traces"
		}
		return u.String(), nil
	case own != "":
		u, err := parseEndpoint(own)
		if err != nil {
			return "", err
		}
		return u.String(), nil
	}
	u, err := parseEndpoint(os.Getenv(envOTLP + "ENDPOINT"))
	if err != nil {
		return "", err
	}
	return u.JoinPath("v1/traces").String(), nil
}

// parseEndpoint reads the URL of a collector. No error holds it: it may have a password.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("the endpoint of traces must be a URL such as http://127.0.0.1:4318")
	}
	if u.User != nil {
		return nil, errors.New("the endpoint of traces may hold no user and password: the secret is read from elsewhere")
	}
	return u, nil
}

// parseHeaders reads key=value,key=value, as W3C Baggage has it.
func parseHeaders(text string) (map[string]string, error) {
	headers := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		key, value, ok := strings.Cut(pair, "=")
		plain, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !ok || key == "" || err != nil {
			return nil, fmt.Errorf("%sHEADERS must be of the form key=value,key=value", envOTLP)
		}
		headers[key] = plain
	}
	return headers, nil
}
