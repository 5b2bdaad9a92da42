package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
)

const healthLong = `Asks a server on this machine how it is: the exit code is 0 where it is well and 1 where it
is not, or does not answer. For the health checks of container platforms, in images that
have no other program to ask with.

It asks /healthz at listen.admin of the config, or at listen.address; --ready asks /readyz,
which says whether new calls should be sent there. An address for all interfaces is asked
on loopback.`

func newHealthCommand() *cobra.Command {
	var path, url string
	var ready bool
	var within time.Duration
	cmd := &cobra.Command{
		Use:     "health",
		Short:   "Ask a server how it is: a health check for containers",
		Long:    healthLong,
		Example: "  sluice health --config /etc/sluice/sluice.yaml\n  sluice health --url http://127.0.0.1:7778/readyz",
		Args:    usageArgs(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			ctx, cancel := context.WithTimeout(cmd.Context(), within)
			defer cancel()
			p := prober{url: url, client: &http.Client{}}
			if url == "" {
				cfg, err := loadConfig(path)
				if err != nil {
					return err
				}
				if p, err = proberOf(&cfg.Listen, ready); err != nil {
					return err
				}
			}
			return p.probe(ctx, cmd.OutOrStdout())
		},
	}
	addConfigFlag(cmd.Flags(), &path, "config `file` of the server; without one, it is asked where it listens by default")
	cmd.Flags().StringVar(&url, "url", "", "ask at this `URL` instead")
	cmd.Flags().BoolVar(&ready, "ready", false, "ask whether it takes new calls")
	cmd.Flags().DurationVar(&within, "timeout", 2*time.Second, "how long the answer may take")
	cmd.MarkFlagsMutuallyExclusive("url", "config")
	cmd.MarkFlagsMutuallyExclusive("url", "ready")
	return cmd
}

// A prober asks one server.
type prober struct {
	url    string
	client *http.Client
}

// proberOf asks the server of a config, at the address where the probes are.
func proberOf(l *config.Listen, ready bool) (prober, error) {
	address, path := l.Admin, "/healthz"
	if address == "" {
		address = l.Address
		if l.TLS != nil {
			return prober{}, usageError("set listen.admin, or give --url", "the probes of this config are behind TLS, whose names this machine need not have")
		}
	}
	if ready {
		path = "/readyz"
	}
	if _, passed := config.SystemdName(address); passed {
		return prober{}, usageError("give --url", "only systemd knows where %s is", address)
	}
	if socket, unix := config.UnixPath(address); unix {
		return prober{"http://localhost" + path, &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "unix", socket)
			},
		}}}, nil
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return prober{}, err
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() && ip.To4() != nil {
		host = "127.0.0.1"
	} else if ip.IsUnspecified() {
		host = "::1"
	}
	return prober{"http://" + net.JoinHostPort(host, port) + path, &http.Client{}}, nil
}

// probe prints what the server says.
func (p prober) probe(ctx context.Context, out io.Writer) error {
	defer p.client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url, nil)
	if err != nil {
		return usageError("such as http://127.0.0.1:7778/healthz", "--url %q: %w", p.url, err)
	}
	answer, err := p.client.Do(request)
	if err != nil {
		return hinted("`sluice serve` says at start where its probes are", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<16))
	if err != nil {
		return err
	}
	fmt.Fprintln(out, string(bytes.TrimSpace(text)))
	if answer.StatusCode != http.StatusOK {
		return errors.New(p.url + " answers " + answer.Status)
	}
	return nil
}
