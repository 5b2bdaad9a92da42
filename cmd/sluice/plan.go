package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	"github.com/sluice-dev/sluice/cmd/sluice/internal/config"
	"github.com/sluice-dev/sluice/cmd/sluice/internal/identity"
	"github.com/sluice-dev/sluice/tools"
	"github.com/sluice-dev/sluice/tools/upstream"
	"github.com/sluice-dev/sluice/transport/websocket"
)

// A plan is a change of config that is made in two steps: all that can fail, which is
// tried where nobody sees it, and then the rest.
type plan struct {
	*reloader
	next   *config.Config
	change change

	tools     []*tools.Tool
	upstreams []*upstream.Upstream
	access    websocket.Access
	directory *identity.Directory
	sole      bool // there is one token, made at start
	problems  []config.Problem

	certificates map[*listener]*tls.Config
}

// prepare makes what comes in. The error has each reason why the config is bad, with its
// place.
func (p *plan) prepare() error {
	p.makeTools()
	p.makeUpstreams()
	if p.service != nil {
		if err := p.makeAccess(); err != nil {
			return err
		}
		p.makeCertificates()
	}
	if len(p.problems) > 0 {
		return &config.Error{File: p.source.path, Problems: p.problems}
	}
	return nil
}

// makeTools makes the tools that come in, and registers them on trial.
func (p *plan) makeTools() {
	var trial tools.Registry
	for _, t := range p.change.tools {
		tool, err := newTool(t, p.host.killed)
		if err == nil {
			err = trial.Add(tool)
		}
		if err != nil {
			p.problem(t.Line, t.Column, err)
			continue
		}
		p.tools = append(p.tools, tool)
	}
}

func (p *plan) makeUpstreams() {
	for _, u := range p.change.upstreams {
		made, err := upstream.New(upstreamSpec(u, p.log), p.host.registry)
		if err != nil {
			p.problem(u.Line, u.Column, err)
			continue
		}
		p.upstreams = append(p.upstreams, made)
	}
}

// makeAccess reads the tokens anew, and checks them with hosts and origins.
func (p *plan) makeAccess() error {
	keys, err := p.keys()
	if err != nil {
		return err
	}
	if err := keys.fit(&p.started.Listen, p.log); err != nil {
		return err
	}
	if p.directory, err = identity.NewDirectory(&p.next.Auth, p.service.directory, p.log); err != nil {
		return err
	}
	if p.access, err = accessOf(&p.next.Listen, keys, p.directory); err != nil {
		return err
	}
	p.sole = keys.generated != ""
	stand := p.access
	stand.Hosts, stand.Origins, stand.Proxies = nil, nil, nil
	for i, origin := range p.access.Origins {
		p.check(fmt.Sprintf("listen.origins[%d]", i), stand, func(a *websocket.Access) { a.Origins = []string{origin} })
	}
	for i, host := range p.access.Hosts {
		p.check(fmt.Sprintf("listen.hosts[%d]", i), stand, func(a *websocket.Access) { a.Hosts = []string{host} })
	}
	for i, proxy := range p.access.Proxies {
		p.check(fmt.Sprintf("listen.proxies[%d]", i), stand, func(a *websocket.Access) { a.Proxies = []string{proxy} })
	}
	return nil
}

// makeCertificates reads those of the listeners that there are.
func (p *plan) makeCertificates() {
	p.certificates = map[*listener]*tls.Config{}
	specs := p.next.Listen.Listeners()
	for i, l := range p.service.clients {
		if i >= len(specs) || l.certificates == nil || specs[i].TLS == nil {
			continue // which takes a new start
		}
		loaded, err := loadTLS(specs[i].TLS)
		if err != nil {
			path := "listen.tls"
			if i > 0 {
				path = fmt.Sprintf("listen.also[%d].tls", i-1)
			}
			line, column := p.next.Place(path)
			p.problem(line, column, err)
		}
		p.certificates[l] = loaded
	}
}

// keys are the tokens of the next config, or the one that was made for this run.
func (p *plan) keys() (*keys, error) {
	if !p.next.Auth.Known() {
		if p.made == nil {
			return nil, errors.New("auth has no token any more, nor another way to be known, and a token is made at start only")
		}
		return p.made, nil
	}
	for i, t := range p.next.Auth.Tokens {
		if _, err := t.Secret(); err != nil {
			line, column := p.next.Place(fmt.Sprintf("auth.tokens[%d]", i))
			p.problem(line, column, err)
		}
	}
	if len(p.problems) > 0 {
		return nil, &config.Error{File: p.source.path, Problems: p.problems}
	}
	return configuredKeys(p.next.Auth.Tokens)
}

func (p *plan) check(path string, a websocket.Access, change func(*websocket.Access)) {
	change(&a)
	if err := a.Check(); err != nil {
		line, column := p.next.Place(path)
		p.problem(line, column, err)
	}
}

func (p *plan) problem(line, column int, err error) {
	p.problems = append(p.problems, config.Problem{Line: line, Column: column, Message: err.Error()})
}

// abandon gives up what was made.
func (p *plan) abandon() {
	for _, u := range p.upstreams {
		u.Close(context.Background()) // it was not started
	}
	if p.directory != nil {
		p.directory.Close(p.service.directory)
	}
}

// commit puts the change in force and returns how many connections it has closed.
// Clients are told once that the tools are others.
func (p *plan) commit() (closed int) {
	p.host.follow(&p.next.Auth, &p.served.Auth) // first: who connects from now on has no more than that
	if p.service != nil {
		closed = p.changeAccess()
		p.service.accept.SetCaps(connectionCaps(&p.next.Listen, mayOpen()))
		for l, next := range p.certificates {
			l.certificates.follow(next, l.address, p.log)
		}
	}
	p.host.registry.Together(func() {
		for _, name := range p.change.goneUpstreams {
			p.host.upstreams.remove(name, p.host.engine)
		}
		p.swapTools()
	})
	if p.next.Log.Level != p.served.Log.Level { // or one that was set meanwhile would be undone
		p.logs.SetLevel(logLevel(p.next))
	}
	p.host.engine.Adjust(engineOptions(&p.next.Engine))
	for _, u := range p.upstreams {
		p.host.upstreams.add(u)
	}
	p.host.upstreams.require(p.next.Upstreams)
	return closed
}

// changeAccess has those let in that the next config lets in, and returns how many
// connections it has closed.
func (p *plan) changeAccess() (closed int) {
	closed, err := p.service.accept.SetAccess(p.access)
	if err != nil {
		panic(err) // it was checked
	}
	before := p.service.directory
	p.service.directory = p.directory
	p.service.sole.Store(p.sole)
	before.Close(p.directory)
	p.directory.Prepare()
	warnOfDoubtful(p.next, p.log)
	return closed
}

// swapTools changes the registry in one go. A tool whose name one of an upstream has is
// left out; and where it goes again, it must not take that with it.
func (p *plan) swapTools() {
	var gone []string
	for _, name := range p.change.goneTools {
		if !p.left[name] {
			gone = append(gone, name)
		}
		delete(p.left, name)
	}
	if err := p.host.registry.Replace(gone, p.tools...); err != nil {
		p.log.Error("tools are left out", "error", err)
	}
	registered := p.host.registry.Snapshot()
	for _, tool := range p.tools {
		if entry, ok := registered.Lookup(tool.Name); !ok || entry.Tool != tool {
			p.left[tool.Name] = true
		}
	}
}
