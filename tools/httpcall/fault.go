package httpcall

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"

	"github.com/sluice-dev/sluice/tools"
)

// A fault is why a call failed. Its text is for the caller; what the system said, with
// its addresses, is below it.
type fault struct {
	reason string
	err    error
	passes bool // by itself, perhaps
}

func (f *fault) Error() string { return f.reason }

func (f *fault) Unwrap() error { return f.err }

func isTransient(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.passes
}

// A fixed fault is one of those that are known by their error.
var fixed = []struct {
	err    error
	reason string
	passes bool
}{
	{errBlocked, `is at a local or reserved address, which this tool may not reach; whoever runs the server can name it under "allow"`, false},
	{errRedirects, "redirects too often", false},
	{errRedirectAway, "redirects to another origin, which a request that changes something does not follow", false},
	{errRedirectClear, "redirects from https to http, which is not followed", false},
	{errRedirectKind, "redirects to an address that is neither http nor https", false},
	{errEncoding, "answers in a content encoding that it was not asked for", false},
	{syscall.ECONNREFUSED, "refuses connections: nothing listens there at the moment", true},
	{syscall.ECONNRESET, "closed the connection without an answer", true},
	{syscall.EPIPE, "closed the connection without an answer", true},
	{io.EOF, "closed the connection without an answer", true},
	{io.ErrUnexpectedEOF, "closed the connection before the end of its answer", true},
	{syscall.EHOSTUNREACH, "is out of reach: there is no way to it from this machine's network", true},
	{syscall.ENETUNREACH, "is out of reach: there is no way to it from this machine's network", true},
	{syscall.EMFILE, "cannot be connected to now: Sluice has too many files open", true},
	{syscall.ENFILE, "cannot be connected to now: the system has too many files open", true},
	{os.ErrDeadlineExceeded, "did not answer in time", true},
	{context.DeadlineExceeded, "did not answer in time", true},
}

// faultOf says what is wrong where a request was not answered.
func faultOf(err error) *fault {
	if reason, ok := certificateFault(err); ok {
		return &fault{reason: reason, err: err}
	}
	var dns *net.DNSError
	if errors.As(err, &dns) {
		return nameFault(dns)
	}
	for _, known := range fixed {
		if errors.Is(err, known.err) {
			return &fault{known.reason, err, known.passes}
		}
	}
	return networkFault(err)
}

// networkFault says what is wrong where only the operation is known that failed:
// Windows has numbers of its own for what the list above names.
func networkFault(err error) *fault {
	var slow net.Error
	if errors.As(err, &slow) && slow.Timeout() {
		return &fault{"did not answer in time", err, true}
	}
	var op *net.OpError
	switch {
	case !errors.As(err, &op):
		return &fault{"gave no answer that can be understood", err, false}
	case op.Op == "dial":
		return &fault{"cannot be connected to at the moment", err, true}
	}
	return &fault{"closed the connection without an answer", err, true}
}

func nameFault(err *net.DNSError) *fault {
	switch {
	case err.IsNotFound:
		return &fault{"has a name that does not exist, or no address of a kind that this machine can reach", err, false}
	case err.IsTimeout:
		return &fault{"could not be found: the name server did not answer in time", err, true}
	}
	return &fault{"could not be found: the names of servers cannot be resolved now (DNS)", err, true}
}

// certificateFault says what is wrong with TLS. None of that passes by itself.
func certificateFault(err error) (string, bool) {
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		name    x509.HostnameError
		other   *tls.CertificateVerificationError
		record  tls.RecordHeaderError
		alert   tls.AlertError
	)
	switch {
	case errors.As(err, &unknown):
		return "has a certificate of an authority that is not trusted here", true
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "has a certificate that has expired or is not valid yet", true
	case errors.As(err, &name):
		return "has a certificate for another name", true
	case errors.As(err, &invalid), errors.As(err, &other):
		return "has a certificate that is not valid", true
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "does not speak TLS: its address may begin with http:// and not https://", true
	case errors.As(err, &alert):
		return "refused the TLS handshake", true
	}
	return "", false
}

// explain turns a failure into an error for the caller, without the secrets; what the
// system said stays below it, as text. The engine learns that the tool could not be
// reached, unless that is the tool's own doing.
func (e *endpoint) explain(err error, m *mask) error {
	var f *fault
	if !errors.As(err, &f) {
		f = faultOf(err)
	}
	said := &fault{reason: f.reason, err: errors.New(m.text(f.err.Error()))}
	failure := tools.Errorf("%s failed: the server %s %w", e.tool, e.address.base.Host, said)
	if errors.Is(err, errBlocked) || errors.Is(err, errRedirectAway) {
		return failure
	}
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return tools.Exhausted(failure) // which says nothing of the endpoint
	}
	return tools.Unreachable(failure)
}
