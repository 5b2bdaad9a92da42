package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/admin"
)

const topLong = `Shows what a running server does: calls that run and wait, their progress, rates, queue and
breakers. On a terminal it is drawn again every --interval, and calls can be ended:

  up, down   choose a call        x   end it (asked once more)        q   quit

Elsewhere, and with --once, it prints one picture; --json prints the documents of the admin
API. --cancel ends one call and prints nothing else.

The caller needs a token whose permissions say "admin: true"; on this machine the token that
"sluice serve" made and left for you will do.

Exit codes: 0 all went well, 1 something failed, 2 wrong arguments, 3 no connection, or the
server refuses.`

const topExample = `  sluice top
  sluice top --url http://127.0.0.1:7778
  sluice top --once --json | jq '.calls.calls[] | select(.ageMs > 10000)'
  sluice top --cancel 0197b0a4-3c1e-7c55-9a54-0f4f3a8a7c11`

// topTimeout is how long the server may take for one answer.
const topTimeout = 5 * time.Second

type topOptions struct {
	target   target
	interval time.Duration
	once     bool
	json     bool
	cancel   string
}

func newTopCommand() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:               "top",
		Short:             "Watch the calls of a running server, and end one",
		Long:              topLong,
		Example:           topExample,
		Args:              usageArgs(cobra.NoArgs),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&o.target.url, "url", "u", "http://127.0.0.1:7777", "the server's `URL`: its listen.admin, or the address of its clients where it has none")
	flags.StringVar(&o.target.token, "token", "", "the server's `token`; others on this machine can see it, so prefer SLUICE_TOKEN")
	o.target.tls.addFlags(flags)
	flags.DurationVar(&o.interval, "interval", time.Second, "`time` between two pictures")
	flags.BoolVar(&o.once, "once", false, "print one picture and end")
	flags.BoolVar(&o.json, "json", false, "print JSON: {calls, metrics}")
	flags.StringVar(&o.cancel, "cancel", "", "end the call of this `ID`")
	return cmd
}

func (o *topOptions) run(ctx context.Context, in io.Reader, out io.Writer) error {
	if o.interval < 100*time.Millisecond {
		return usageError("a second is well", "--interval must be 100ms at least, not %v", o.interval)
	}
	client, u, err := o.client()
	if err != nil {
		return err
	}
	defer client.HTTP.CloseIdleConnections()
	asked, _, release := untilStopped(ctx)
	defer release()
	if o.cancel != "" {
		return topFailure(asked, u, client.Stop(asked, o.cancel))
	}
	if o.once || o.json || !isTerminal(out) || !isTerminal(in) {
		return o.print(asked, client, u, out)
	}
	return o.watch(asked, client, u, fileOf(in), out)
}

// client makes the client for the server.
func (o *topOptions) client() (*admin.Client, *url.URL, error) {
	plain := strings.NewReplacer("http://", "ws://", "https://", "wss://").Replace(o.target.url)
	u, err := serverURL(plain)
	if err != nil {
		return nil, nil, usageError("it looks like http://127.0.0.1:7778, https://tools.example or unix:/run/sluice.sock", "--url %q is not the URL of a server", o.target.url)
	}
	if err := o.target.tls.check(u); err != nil {
		return nil, nil, err
	}
	certificates, err := o.target.tls.config()
	if err != nil {
		return nil, nil, &failure{code: exitUsage, err: err}
	}
	token := o.target.tokenFor(u)
	if token != "" && u.Scheme == "ws" && !isLoopback(address(u)) {
		return nil, nil, usageError("use https://", "the token would travel to %s unencrypted", u.Host)
	}
	transport := &http.Transport{TLSClientConfig: certificates, MaxIdleConnsPerHost: 2}
	c := &admin.Client{Token: token, HTTP: &http.Client{Transport: transport, Timeout: topTimeout}}
	c.Base = map[string]string{"ws": "http", "wss": "https"}[u.Scheme] + "://" + u.Host
	if path, isSocket := strings.CutPrefix(address(u), "unix:"); isSocket && u.Opaque != "" {
		c.Base = "http://localhost"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	}
	return c, u, nil
}

// A picture is what is shown at one moment.
type picture struct {
	Calls   admin.Calls   `json:"calls"`
	Metrics admin.Metrics `json:"metrics"`
}

func take(ctx context.Context, c *admin.Client) (p picture, err error) {
	if p.Calls, err = c.Calls(ctx); err == nil {
		p.Metrics, err = c.Metrics(ctx)
	}
	return p, err
}

// print prints one picture. Rates take two.
func (o *topOptions) print(ctx context.Context, c *admin.Client, u *url.URL, out io.Writer) error {
	first, err := take(ctx, c)
	if err != nil {
		return topFailure(ctx, u, err)
	}
	if o.json {
		printJSON(out, first)
		return nil
	}
	timer := time.NewTimer(o.interval)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	second, err := take(ctx, c)
	if err != nil {
		return topFailure(ctx, u, err)
	}
	v := topView{now: second, before: first, width: columns(out), chosen: -1, colours: colours(out)}
	_, err = io.WriteString(out, strings.Join(v.lines(), "\n")+"\n")
	return err
}

// topFailure says what to do where the server does not answer as it should.
func topFailure(ctx context.Context, u *url.URL, err error) error {
	refused, ok := errors.AsType[*admin.StatusError](err)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !ok:
		return dialFailure(ctx, u, err)
	}
	failed := &failure{code: exitConnect, err: refused}
	switch refused.Status {
	case http.StatusUnauthorized:
		failed.hint = "name the server's token in SLUICE_TOKEN, or with --token"
	case http.StatusForbidden:
		failed.hint = "the token's permissions in the server's config must say admin: true"
	case http.StatusNotFound:
		if strings.HasPrefix(refused.Message, "No call") {
			failed.code, failed.hint = exitFailure, "`sluice top --once` shows the calls that there are"
		} else {
			failed.hint = fmt.Sprintf("the admin API is at listen.admin of the server's config, which may be another address than %s", address(u))
		}
	}
	return failed
}
