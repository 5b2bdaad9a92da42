package config

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
)

// Listen says where WebSocket clients are served, and what connections may take.
type Listen struct {
	// Address is host:port, where port 0 takes a free one, or unix: and the path of a
	// UNIX socket, as in unix:/run/sluice.sock; relative to the config file; or systemd: and
	// the name of a socket that systemd passes on. A host that is not loopback needs
	// auth.tokens, and so does a socket of systemd. Defaults to 127.0.0.1:7777.
	Address string `yaml:"address"`
	// TLS has clients at the address above speak TLS: wss:// and https://. Defaults to
	// not.
	TLS *TLS `yaml:"tls"`
	// Also are more addresses where the same is served. Defaults to none.
	Also []Listener `yaml:"also"`
	// Admin is a second host:port, for /healthz, /readyz, /metrics and /admin alone. Defaults to
	// none: they are on the address above.
	Admin string `yaml:"admin"`
	// Origins are the web origins whose pages may connect, such as
	// "https://shop.example" or "http://localhost:*". Defaults to none.
	Origins []string `yaml:"origins"`
	// Hosts are the names and addresses, without ports, by which clients may reach
	// the server beside localhost, 127.0.0.1 and [::1]. Others are refused, which
	// stops DNS rebinding. Defaults to none.
	Hosts []string `yaml:"hosts"`
	// Proxies are the addresses and networks, such as 10.0.0.0/8, of proxies in front of
	// the server, or unix for those that come by a UNIX socket. What they say of where a
	// connection comes from is believed, for max_per_address and the log. Defaults to
	// none.
	Proxies []string `yaml:"proxies"`
	// ProxyHeader is the header in which these proxies say so; the other one is ignored,
	// since a client may have sent it. Defaults to X-Forwarded-For.
	ProxyHeader string `yaml:"proxy_header" jsonschema:"enum=X-Forwarded-For,enum=Forwarded"`
	// MaxConnections is how many WebSocket connections there may be. Defaults to 10000,
	// and to no more than half of the files that the process may have open.
	MaxConnections int `yaml:"max_connections" jsonschema:"minimum=1"`
	// MaxPerCaller is how many of them one caller may have. Defaults to max_connections.
	MaxPerCaller int `yaml:"max_per_caller" jsonschema:"minimum=1"`
	// MaxPerAddress is how many of them may come from one address; in IPv6, from one /64.
	// Defaults to 2000.
	MaxPerAddress int `yaml:"max_per_address" jsonschema:"minimum=1"`
	// HeaderTimeout is how long a client may take to send the header of a request, and
	// before that for its part of a TLS handshake. Defaults to 5s.
	HeaderTimeout Duration `yaml:"header_timeout"`
	// HandshakeTimeout is how long a client may take for a request in all, from its first
	// byte to the last of the answer, such as for the one that opens a WebSocket.
	// Defaults to 10s.
	HandshakeTimeout Duration `yaml:"handshake_timeout"`
	// IdleTimeout is how long a connection that is not a WebSocket may be kept between
	// two requests. Defaults to 1m.
	IdleTimeout Duration `yaml:"idle_timeout"`
	// PingInterval is the time between pings on a WebSocket. One that answers none within
	// 9s is closed. Defaults to 20s.
	PingInterval Duration `yaml:"ping_interval"`
	// MaxMessage is how long a message of a client may be. Defaults to 4MiB.
	MaxMessage Size `yaml:"max_message"`
}

// Listener is one more place where WebSocket clients are served.
type Listener struct {
	// Address is host:port or unix: and a path, as listen.address is.
	Address string `yaml:"address" jsonschema:"required,minLength=1"`
	// TLS has clients at this address speak TLS. Defaults to not.
	TLS *TLS `yaml:"tls"`
}

// TLS names the files of an address where clients speak TLS (1.2 or 1.3). They are read
// again when they change and on SIGHUP; where the new ones are bad the old stay in use.
type TLS struct {
	// CertFile holds the certificate of the server in PEM form, and after it those of the
	// authorities between it and the root; relative to the config file.
	CertFile string `yaml:"cert_file" jsonschema:"required,minLength=1"`
	// KeyFile holds its private key in PEM form; relative to the config file.
	KeyFile string `yaml:"key_file" jsonschema:"required,minLength=1"`
	// ClientCAFile holds the authorities, in PEM form, whose certificates clients may
	// show; relative to the config file. Defaults to asking for none.
	ClientCAFile string `yaml:"client_ca_file"`
	// ClientCert is require to let nobody connect without such a certificate, or optional
	// to only look at those that are shown. Defaults to require.
	ClientCert string `yaml:"client_cert" jsonschema:"enum=require,enum=optional"`
}

// Listeners are all places where clients are served, that of listen.address first.
func (l *Listen) Listeners() []Listener {
	return append([]Listener{{l.Address, l.TLS}}, l.Also...)
}

// Files are the files that the listeners are read from.
func (l *Listen) Files() (paths []string) {
	for _, listener := range l.Listeners() {
		if t := listener.TLS; t != nil {
			paths = append(paths, t.CertFile, t.KeyFile)
			if t.ClientCAFile != "" {
				paths = append(paths, t.ClientCAFile)
			}
		}
	}
	return paths
}

// unixScheme begins the address of a UNIX socket.
const unixScheme = "unix:"

// UnixPath returns the path of an address that is a UNIX socket: unix:/run/x.sock or
// unix:///run/x.sock.
func UnixPath(address string) (path string, ok bool) {
	path, ok = strings.CutPrefix(address, unixScheme)
	if inner, slashes := strings.CutPrefix(path, "//"); ok && slashes {
		path = inner
	}
	return path, ok
}

// SystemdName returns the name of the socket where an address is one that systemd passes
// on: systemd:NAME.
func SystemdName(address string) (name string, ok bool) {
	return strings.CutPrefix(address, "systemd:")
}

// CheckAddress returns an error that says what an address to listen on must be, where
// this one is not.
func CheckAddress(address string) error {
	if path, ok := UnixPath(address); ok {
		return checkUnixPath(address, path)
	}
	if name, ok := SystemdName(address); ok {
		if name == "" {
			return fmt.Errorf("%q does not name a socket, as systemd:NAME does", address)
		}
		return nil
	}
	_, port, err := net.SplitHostPort(address)
	if malformed, ok := errors.AsType[*net.AddrError](err); ok {
		return fmt.Errorf("must be host:port such as 127.0.0.1:7777, or unix:/path, not %q: %s", address, malformed.Err)
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return fmt.Errorf("must be host:port such as 127.0.0.1:7777, or unix:/path, not %q", address)
	}
	return nil
}

func checkUnixPath(address, path string) error {
	switch {
	case path == "":
		return fmt.Errorf("%q has no path", address)
	case path[0] == '@' || path[0] == 0:
		return fmt.Errorf("%q is an abstract socket, which has no mode and no owner: give it a path", address)
	}
	return nil
}

func (d *decoder) checkListen(l *Listen) {
	d.checkAddress(l.Address, "listen.address")
	d.checkAddress(l.Admin, "listen.admin")
	d.checkTLS(l.TLS, "listen.tls")
	seen := map[string]bool{l.Address: true, l.Admin: true}
	for i, also := range l.Also {
		path := fmt.Sprintf("listen.also[%d]", i)
		d.checkAddress(also.Address, path+".address")
		d.checkTLS(also.TLS, path+".tls")
		if seen[also.Address] && !strings.HasSuffix(also.Address, ":0") {
			d.problem(d.places[path+".address"], fmt.Sprintf("%s.address: %s is listened on already", path, also.Address), "")
		}
		seen[also.Address] = true
	}
}

func (d *decoder) checkTLS(t *TLS, path string) {
	if t != nil && t.ClientCert != "" && t.ClientCAFile == "" {
		d.problem(d.places[path+".client_cert"], path+".client_cert needs client_ca_file", "it names the authorities whose certificates are good")
	}
}

func (d *decoder) checkAddress(address, path string) {
	if _, written := d.places[path]; !written {
		return
	}
	if err := CheckAddress(address); err != nil {
		d.problem(d.places[path], fmt.Sprintf("%s %v", path, err), "")
	}
}

// resolve makes the paths of the section absolute.
func (l *Listen) resolve(directory string, in func(path *string)) {
	socket := func(address *string) {
		if path, ok := UnixPath(*address); ok && !filepath.IsAbs(path) {
			*address = unixScheme + filepath.Join(directory, path)
		}
	}
	socket(&l.Address)
	socket(&l.Admin)
	l.TLS.resolve(in)
	for i := range l.Also {
		socket(&l.Also[i].Address)
		l.Also[i].TLS.resolve(in)
	}
}

func (t *TLS) resolve(in func(path *string)) {
	if t != nil {
		in(&t.CertFile)
		in(&t.KeyFile)
		in(&t.ClientCAFile)
	}
}
