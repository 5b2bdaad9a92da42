package httpcall

import (
	"context"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sluice-dev/sluice/tools"
)

func trusting(server *httptest.Server) *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	return pool
}

// unreachable fails the test where the error is not one of these words for the model
// that counts for the breaker.
func unreachable(t *testing.T, result *tools.Result, err error, want string) {
	t.Helper()
	var own *tools.Error
	if !errors.As(err, &own) || !strings.Contains(own.Message, want) || !errors.Is(err, tools.ErrUnreachable) {
		t.Errorf("got %q (unreachable: %v), want %q", outcome(result, err), errors.Is(err, tools.ErrUnreachable), want)
	}
}

func TestTLS(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	server.Config.ErrorLog = discard
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	if got := ask(t, Spec{URL: server.URL, RootCAs: trusting(server)}, "{}"); got.Method != "GET" {
		t.Errorf("got %+v", got)
	}
	result, err := call(t, Spec{URL: server.URL}, "{}")
	unreachable(t, result, err, "has a certificate of an authority that is not trusted here")

	other := "https://localhost:" + server.URL[strings.LastIndex(server.URL, ":")+1:]
	result, err = call(t, Spec{URL: other, RootCAs: trusting(server)}, "{}")
	unreachable(t, result, err, "has a certificate for another name")

	plain := serve(t, echo)
	result, err = call(t, Spec{URL: strings.Replace(plain.URL, "http:", "https:", 1)}, "{}")
	unreachable(t, result, err, "does not speak TLS")
}

func TestCertificateFaults(t *testing.T) {
	t.Parallel()
	for want, err := range map[string]error{
		"has expired":  x509.CertificateInvalidError{Reason: x509.Expired},
		"is not valid": x509.CertificateInvalidError{Reason: x509.NotAuthorizedToSign},
	} {
		if f := faultOf(err); !strings.Contains(f.reason, want) || f.passes {
			t.Errorf("%v: got %+v", err, f)
		}
	}
}

// TestOtherFaults are those that have a number of their own on some system.
func TestOtherFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want string
	}{
		{&net.OpError{Op: "dial", Err: errors.New("10061")}, "cannot be connected to"},
		{&net.OpError{Op: "read", Err: errors.New("10054")}, "closed the connection"},
	} {
		if f := faultOf(c.err); !strings.Contains(f.reason, c.want) || !f.passes {
			t.Errorf("%v: got %+v", c.err, f)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	result, err := call(t, Spec{URL: "http://127.0.0.1:1", Retries: -1}, "{}")
	unreachable(t, result, err, "refuses connections")
}

// TestSilence are servers that speak no HTTP, or stop in the middle of it.
func TestSilence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, says, want string }{
		{"nothing", "", "closed the connection without an answer"},
		{"noise", "SSH-2.0-x\r\n\r\n", "gave no answer that can be understood"},
		{"half a head", "HTTP/1.1 200 OK\r\nA: b", "closed the connection"},
		{"half a body", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345", "closed the connection before the end of its answer"},
		{"broken compression", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Encoding: gzip\r\n\r\n12", "closed the connection before the end"},
		{"endless head", "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 100), "gave no answer that can be understood"},
		{"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12", "gave no answer that can be understood"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			go func() {
				for {
					conn, err := listener.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Read(make([]byte, 4096))
					_, _ = io.WriteString(conn, c.says)
					_ = conn.Close()
				}
			}()
			result, err := call(t, Spec{URL: "http://" + listener.Addr().String(), Retries: -1}, "{}")
			unreachable(t, result, err, c.want)
		})
	}
}

func TestCancelledCall(t *testing.T) {
	t.Parallel()
	cause := errors.New("over")
	arrived := make(chan struct{})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done() // the connection is closed
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() { <-arrived; cancel(cause) }()
	e := newTestEndpoint(t, Spec{URL: server.URL})
	if result, err := e.callWith(ctx, "{}"); !errors.Is(err, cause) {
		t.Errorf("got %q", outcome(result, err))
	}
	if result, err := e.callWith(ctx, "{}"); !errors.Is(err, cause) {
		t.Errorf("got %q of one that was over before", outcome(result, err))
	}
}

// names is a resolver that gives all names one answer: an address, or an error of the
// DNS (RFC 1035, section 4.1.1).
func names(address string, code uint16) *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			for answerName(server, net.ParseIP(address).To4(), code) == nil {
			}
		}()
		return client, nil
	}}
}

// answerName reads one question from a stream and answers it.
func answerName(conn net.Conn, address net.IP, code uint16) error {
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return err
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, message); err != nil {
		return err
	}
	end := 12
	for message[end] != 0 {
		end += int(message[end]) + 1
	}
	end += 5
	kind := binary.BigEndian.Uint16(message[end-4:])
	answer := append([]byte(nil), message[:end]...)
	binary.BigEndian.PutUint16(answer[2:], 0x8180|code)
	binary.BigEndian.PutUint16(answer[6:], 0)
	binary.BigEndian.PutUint16(answer[10:], 0) // no additional records
	if kind == 1 && code == 0 {
		binary.BigEndian.PutUint16(answer[6:], 1)
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, address...)
	}
	_, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...))
	return err
}

// TestResolvedNames holds that the address counts to which a name resolves when the
// connection is made, and that names fail in words.
func TestResolvedNames(t *testing.T) {
	t.Parallel()
	server := serve(t, echo)
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	down := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no way to the name server")
	}}
	for _, c := range []struct {
		name     string
		resolver *net.Resolver
		host     string
		allow    []string
		want     string
	}{
		{"rebound", names("127.0.0.1", 0), "rebound.example", nil, "is at a local or reserved address"},
		{"named", names("127.0.0.1", 0), "orders.internal", []string{"orders.internal"}, `"Method":"GET"`},
		{"named by address", names("127.0.0.1", 0), "orders.internal", []string{"127.0.0.0/8"}, `"Method":"GET"`},
		{"special", names("169.254.169.254", 0), "orders.internal", []string{"orders.internal"}, "is at a local or reserved address"},
		{"localhost without a name server", down, "localhost", nil, `"Method":"GET"`},
		{"below localhost", down, "a.localhost", nil, `"Method":"GET"`},
		{"unknown", names("", 3), "a.example", nil, "has a name that does not exist"},
		{"refused", names("", 2), "a.example", nil, "the names of servers cannot be resolved now (DNS)"},
		{"no name server", down, "a.example", nil, "the names of servers cannot be resolved now (DNS)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := newTestEndpoint(t, Spec{URL: "http://" + c.host + port, Allow: c.allow, Retries: -1})
			e.guard.resolver = c.resolver
			result, err := e.callWith(t.Context(), "{}")
			if got := outcome(result, err); !strings.Contains(got, c.want) || strings.Contains(got, "169.254") {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestProxy holds that proxies are those of the spec and not of the environment, and
// that the URLs which go through them are looked at.
func TestProxy(t *testing.T) {
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			return
		}
		_, _ = io.WriteString(w, "proxy for "+r.URL.Host)
	})
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "ALL_PROXY"} {
		t.Setenv(name, proxy.URL)
	}
	e := newTestEndpoint(t, Spec{URL: "http://a.example/", Retries: -1})
	e.guard.resolver = names("", 3)
	if result, err := e.callWith(t.Context(), "{}"); err == nil {
		t.Errorf("got %q", outcome(result, err))
	}
	for path, want := range map[string]string{"/": "proxy for a.example", "/away": "is at a local or reserved address"} {
		result, err := call(t, Spec{URL: "http://a.example" + path, Proxy: proxy.URL}, "{}")
		if got := outcome(result, err); !strings.Contains(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestSlowHead holds that a server which does not answer is left when the time is over.
func TestSlowHead(t *testing.T) {
	t.Parallel()
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	result, err := newTestEndpoint(t, Spec{URL: server.URL}).callWith(ctx, "{}")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %q", outcome(result, err))
	}
}
